//! A topic of TREC, as NIST publishes them.
//!
//! ```text
//! <top>
//! <num> Number: 301
//! <title> International Organized Crime
//! <desc> Description:
//! Identify organizations that participate in international criminal activity ...
//! <narr> Narrative:
//! A relevant document must as a minimum identify the organization ...
//! </top>
//! ```
//!
//! Tags need not be closed. Labels such as "Number:" and "Topic:" are left out, white space becomes one space, and
//! leading zeros of a number are left out, as qrels do (topic 051 is 51 there).

use super::document::{Document, append};
use super::record_error::RecordProblem;
use super::schema::Schema;

/// Labels that older topics repeat behind their tags.
const LABELS: [(&str, &str); 5] = [
    ("num", "Number:"),
    ("title", "Topic:"),
    ("desc", "Description:"),
    ("narr", "Narrative:"),
    ("smry", "Summary:"),
];

/// Reads no more tags of one topic than this, so that a hostile one takes no memory.
const MAX_TAGS: usize = 1000;

/// Parses what is between `<top>` and `</top>`, both included.
///
/// The text is that of the chosen fields: "title", "desc" (or "description"), "narr" (or "narrative"), or any other
/// tag's name.
pub(super) fn parse(topic: &str, schema: &Schema) -> Result<Document, RecordProblem> {
    let sections = sections(topic);
    if sections.first().is_none_or(|section| section.tag != "top") {
        return Err(RecordProblem::OutsideTopic);
    }
    let is_closed = sections.last().is_some_and(|section| section.tag == "/top");
    if !is_closed || sections[1..].iter().any(|section| section.tag == "top") {
        return Err(RecordProblem::UnclosedTopic);
    }
    let find = |tag: &str| sections.iter().find(|section| section.tag == tag);
    let names = || {
        let tags = sections.iter().map(|section| section.tag.as_str());
        let tags = tags.filter(|tag| !tag.starts_with('/') && *tag != "top");
        crate::quote::names(tags)
    };
    let number = find("num").ok_or_else(|| RecordProblem::MissingId {
        id: schema.id,
        wanted: "<num>".to_owned(),
        found: names(),
    })?;
    let mut text = String::new();
    let mut found = false;
    for name in schema.fields.names() {
        if let Some(section) = find(tag_of(name)) {
            found = true;
            append(&mut text, &section.text);
        }
    }
    if !found {
        return Err(RecordProblem::MissingText {
            wanted: schema.fields.names().join(","),
            found: names(),
        });
    }
    Ok(Document {
        docid: without_zeros(&number.text).to_owned(),
        text,
    })
}

/// A tag, and the text up to the next one.
struct Section {
    tag: String,
    text: String,
}

fn sections(topic: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut rest = topic;
    while let Some((tag, after)) = next_tag(rest) {
        let end = next_tag(after).map_or(after.len(), |(next, behind)| {
            // The next tag ends before what is behind it: two brackets and its name.
            after.len() - behind.len() - next.len() - 2
        });
        let tag = tag.to_ascii_lowercase();
        let words: Vec<&str> = after[..end].split_whitespace().collect();
        let text = words.join(" ");
        let label = LABELS.iter().find(|(of, _)| *of == tag);
        let text = match label.and_then(|(_, label)| text.strip_prefix(label)) {
            Some(rest) => rest.trim_start().to_owned(),
            None => text,
        };
        sections.push(Section { tag, text });
        if sections.len() == MAX_TAGS {
            break;
        }
        rest = &after[end..];
    }
    sections
}

/// Finds the next `<name>` or `</name>`; returns what is between the brackets and what is behind them.
fn next_tag(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('<') {
        let inner = &text[from + open + 1..];
        let name = inner.strip_prefix('/').unwrap_or(inner);
        let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
        if letters > 0 && name[letters..].starts_with('>') {
            let length = inner.len() - name.len() + letters;
            return Some((&inner[..length], &inner[length + 1..]));
        }
        from += open + 1;
    }
    None
}

fn tag_of(field: &str) -> &str {
    match field {
        "description" => "desc",
        "narrative" => "narr",
        other => other,
    }
}

fn without_zeros(number: &str) -> &str {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        let trimmed = number.trim_start_matches('0');
        let zero = &number[number.len().saturating_sub(1)..];
        if trimmed.is_empty() { zero } else { trimmed }
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::fields::Fields;
    use crate::corpus::kind::CorpusKind;

    fn read(topic: &str, fields: &[&str]) -> Result<(String, String), RecordProblem> {
        let fields = Fields::new(fields);
        let schema = Schema::new(CorpusKind::Topics, None, &fields);
        parse(topic, &schema).map(|topic| (topic.docid, topic.text))
    }

    const TOPIC: &str = "<top>\n<head> Tipster Topic Description\n<num> Number:  051\n<dom> Domain: x\n\
        <title> Topic:  Airbus\n Subsidies < 5 \n\n<desc> Description: \nDocument will\ndiscuss\n\
        <narr> Narrative:\nmore\n</top>\n";

    #[test]
    fn the_chosen_fields_make_the_text() {
        let of = |fields: &[&str]| read(TOPIC, fields).unwrap();
        let title = ("51".to_owned(), "Airbus Subsidies < 5".to_owned());
        assert_eq!(of(&["title", "text"]), title);
        let (_, text) = of(&["desc", "narrative"]);
        assert_eq!(text, "Document will discuss more");
        let closed = "<top><num>MB01</num><title>a b</title></top>";
        assert_eq!(
            read(closed, &["title"]).unwrap(),
            ("MB01".into(), "a b".into())
        );
        let zeros = "<top><num>000<title>a</top>";
        assert_eq!(read(zeros, &["title"]).unwrap().0, "0");
    }

    #[test]
    fn what_is_missing_is_named() {
        let says = |topic: &str| read(topic, &["title"]).unwrap_err().to_string();
        assert!(says("<top><title>a</top>").contains("no qid"));
        assert!(says("<top><num>1<desc>a</top>").contains("none of the fields title"));
        assert!(says("<top><num>1<title>a").contains("</top> is missing"));
        assert!(says("<top><num>1<top><num>2</top>").contains("</top> is missing"));
        assert!(says("words").contains("begins with <top>"));
    }
}
