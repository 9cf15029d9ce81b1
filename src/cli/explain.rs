//! `splade-export explain`

use std::io::{self, Read, Write};

use clap::Args as ClapArgs;
use splade_export::{Explanation, explain_query, explain_text, printable};

use super::encode::EncodeArgs;
use super::long::LongArgs;
use super::query::QueryArgs;
use super::usage::usage_error;

/// Length of the longest bar.
const BAR: f32 = 40.0;
/// Bytes of the longest text of standard input, as of a record of a corpus.
const MAX_TEXT: u64 = 64 << 20;

/// Show the terms and weights of a text
///
/// Terms by weight as bars; an expansion, a term that is not in the text, is marked with +.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  splade-export explain \"how do planes fly\" --top-k 15")]
pub struct Args {
    /// The text, or - for standard input
    text: String,

    /// Encode the text as a query, as `topics` does
    #[arg(long, help_heading = "Queries")]
    query: bool,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    json: bool,

    #[command(flatten)]
    encode: EncodeArgs,

    #[command(flatten)]
    long: LongArgs,

    #[command(flatten)]
    queries: QueryArgs,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let is_query = self.query || self.queries.is_given();
        if is_query && self.long.is_given() {
            usage_error("--long is for documents; queries are cut at --max-length as topics does");
        }
        let text = match self.text.as_str() {
            "-" => read_text(io::stdin().lock())?,
            text => text.to_owned(),
        };
        let mut encode = self.encode.resolve(self.json)?;
        self.long.apply(&mut encode);
        let explanation = if is_query {
            let encoder = self.queries.open(&encode, self.json)?;
            explain_query(&encoder, &text, encode.quantization)?
        } else {
            explain_text(&encode.open()?, &text, encode.quantization)?
        };
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &explanation)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", draw(&explanation))?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Reads a text to its end, without its last line break.
fn read_text(input: impl Read) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    input.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_TEXT,
        "standard input: the text is longer than {} MiB; give a part of it",
        MAX_TEXT >> 20
    );
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        anyhow::anyhow!(
            "standard input: not UTF-8 (byte {at}); convert it first, e.g. iconv -t UTF-8"
        )
    })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

fn draw(explanation: &Explanation) -> String {
    use std::fmt::Write;
    let terms = &explanation.terms;
    let names: Vec<_> = terms.iter().map(|t| in_line(&t.term)).collect();
    let width = |text: &str| text.chars().count();
    let name_width = names
        .iter()
        .map(|name| width(name))
        .max()
        .unwrap_or(0)
        .max(4);
    let largest = terms.first().map_or(1.0, |t| t.weight);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |args: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{args}");
    };
    line(format_args!(
        "tokens: {}",
        in_line(&explanation.tokens.join(" "))
    ));
    if explanation.truncated {
        line(format_args!(
            "the text has more tokens; they were cut off (--max-length, --long windows)"
        ));
    }
    if explanation.windows > 1 {
        line(format_args!("windows: {}", explanation.windows));
    }
    line(format_args!(""));
    let with_impacts = terms.iter().any(|t| t.impact.is_some());
    let impact_title = if with_impacts { "impact" } else { "" };
    line(format_args!(
        "  {:<name_width$}  weight  {impact_title:>6}",
        "term"
    ));
    for (term, name) in terms.iter().zip(&names) {
        let mark = if term.expansion { '+' } else { ' ' };
        let padding = " ".repeat(name_width - width(name));
        let impact = term
            .impact
            .map_or(String::new(), |impact| impact.to_string());
        line(format_args!(
            "{mark} {name}{padding}  {:>6.3}  {impact:>6}  {}",
            term.weight,
            bar(term.weight / largest)
        ));
    }
    let expansions = terms.iter().filter(|t| t.expansion).count();
    line(format_args!(
        "\n{} terms, {expansions} of them expansions (+), not in the text",
        terms.len()
    ));
    text
}

/// Returns a text of the vocabulary so that a terminal shows it in one line.
fn in_line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

/// A bar of eighths of a character.
fn bar(share: f32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 320"
    )]
    let eighths = (share.clamp(0.0, 1.0) * BAR * 8.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}
