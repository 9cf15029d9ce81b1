//! What all pages have in common.

use std::io::{self, Write};

use super::markup::escaped;

/// The look of the page, also of other pages of this program.
const STYLE: &str = include_str!("style.css");
/// Nothing but the page's own style is ever loaded, whatever a term may look like.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes what stands before the header of every page.
pub(super) fn begin(title: &str, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         </head>\n<body>\n",
        escaped(title)
    )
}

/// Writes what stands behind the main part of every page.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "</main>\n<footer><p>Made by {}.</p></footer>\n</body>\n</html>",
        concat!("splade-export ", env!("CARGO_PKG_VERSION"))
    )
}

/// Writes the header of a page: what kind of page it is, what it is about, and a sentence.
pub(super) fn heading(
    kicker: &str,
    name: &str,
    lead: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(
        out,
        "<header>\n<p class=\"kicker\">{}</p>\n<h1><bdi>{}</bdi></h1>\n<p>{}.</p>\n</header>",
        escaped(kicker),
        escaped(name),
        escaped(lead)
    )
}

/// Writes figures as cards: a name, a value, and what belongs to it.
pub(super) fn cards(all: &[(&str, String, String)], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"figures\">")?;
    for (name, value, of) in all {
        writeln!(
            out,
            "<div><dt>{name}</dt><dd>{} <span class=\"of\">{}</span></dd></div>",
            escaped(value),
            escaped(of)
        )?;
    }
    writeln!(out, "</dl>")
}
