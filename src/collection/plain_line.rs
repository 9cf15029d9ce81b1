//! Lines in plain JSON, as this program, Anserini and Pyserini write them: strings without escapes, an id that is a string,
//! weights that are not negative.
//!
//! Reading them takes a fraction of the time that a general reader of JSON takes. Whatever is not as plain as that, and
//! whatever is wrong, is left to the general reader, which knows what to say about it.

use std::ops::Range;

use super::document_line::{Contents, DocumentLine, Weight};

/// Powers of ten that a double holds exactly, so that a quotient of whole numbers is the nearest double.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/// Digits that never overflow 64 bits.
const MOST_DIGITS: usize = 19;
/// Whole numbers up to here are doubles.
const MOST_EXACT: u64 = 1 << 53;
/// About how many bytes an entry of a vector has, at least.
const ENTRY_BYTES: usize = 16;

/// A line that was read.
pub(super) struct PlainLine<'a> {
    pub(super) document: DocumentLine<'a>,
    /// The terms with their weights, in their order.
    pub(super) vector: Vec<(&'a str, Weight)>,
}

/// Reads a line; `None` if it is not plain.
pub(super) fn read_plain(line: &str, contents: Contents) -> Option<PlainLine<'_>> {
    let mut cursor = Cursor { line, at: 0 };
    let (mut docid, mut text, mut vector) = (None, None, None);
    cursor.expect(b'{')?;
    loop {
        cursor.skip_blanks();
        match cursor.string()? {
            "id" if docid.is_none() => {
                cursor.expect(b':')?;
                docid = Some(cursor.value_string()?);
            }
            // A text that is not asked for may be anything.
            "contents" if text.is_none() && contents == Contents::Read => {
                cursor.expect(b':')?;
                text = Some(cursor.value_string()?);
            }
            "contents" if contents == Contents::Skip => {
                cursor.expect(b':')?;
                cursor.value_string()?;
            }
            "vector" if vector.is_none() => {
                cursor.expect(b':')?;
                vector = Some(cursor.vector()?);
            }
            _ => return None,
        }
        if cursor.ends(b'}')? {
            break;
        }
    }
    cursor.skip_blanks();
    if cursor.at < line.len() {
        return None;
    }
    Some(PlainLine {
        document: DocumentLine {
            docid: docid?.into(),
            contents: text.unwrap_or_default().into(),
        },
        vector: vector?,
    })
}

/// A place in a line.
struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes behind a byte, which may have white space before it.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_blanks();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Goes behind a comma or the byte that ends the list, and returns whether it was that.
    fn ends(&mut self, end: u8) -> Option<bool> {
        self.skip_blanks();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(false),
            _ if byte == end => Some(true),
            _ => None,
        }
    }

    fn cut(&self, range: Range<usize>) -> Option<&'a str> {
        self.line.get(range)
    }

    /// Reads a short string.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        if self.peek()? != b'"' {
            return None;
        }
        let begin = self.at + 1;
        let rest = self.line.as_bytes().get(begin..)?;
        let length = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        if rest[length] != b'"' {
            return None;
        }
        self.at = begin + length + 1;
        self.cut(begin..begin + length)
    }

    /// Reads a string that may be long, behind white space.
    fn value_string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let begin = self.at;
        let rest = self.line.as_bytes().get(begin..)?;
        let length = memchr::memchr(b'"', rest)?;
        let bytes = &rest[..length];
        // Counts rather than stops at the first: the compiler makes vector instructions of it.
        let special = bytes
            .iter()
            .filter(|&&byte| byte < b' ' || byte == b'\\')
            .count();
        if special > 0 {
            return None;
        }
        self.at = begin + length + 1;
        self.cut(begin..begin + length)
    }

    /// Reads an object of terms and weights.
    fn vector(&mut self) -> Option<Vec<(&'a str, Weight)>> {
        self.expect(b'{')?;
        let mut vector = Vec::with_capacity((self.line.len() - self.at) / ENTRY_BYTES);
        self.skip_blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(vector);
        }
        loop {
            self.skip_blanks();
            let term = self.string()?;
            self.expect(b':')?;
            self.skip_blanks();
            vector.push((term, self.number()?));
            if self.ends(b'}')? {
                return Some(vector);
            }
        }
    }

    /// Reads a number without a sign and an exponent.
    #[inline]
    fn number(&mut self) -> Option<Weight> {
        let begin = self.at;
        let mut value = self.digits(0);
        let whole = self.at - begin;
        let is_whole_number = self.peek() != Some(b'.');
        if !is_whole_number {
            self.at += 1;
            value = self.digits(value);
        }
        let fraction = (self.at - begin - whole).saturating_sub(1);
        let has_lead = whole > 1 && self.line.as_bytes()[begin] == b'0';
        if whole == 0 || has_lead || !is_whole_number && fraction == 0 {
            return None;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) || whole + fraction > MOST_DIGITS {
            return None;
        }
        if is_whole_number {
            return Some(Weight::Unsigned(value));
        }
        if value > MOST_EXACT {
            let text = self.cut(begin..self.at)?;
            return serde_json::from_str(text).ok().map(Weight::Float);
        }
        #[allow(clippy::cast_precision_loss, reason = "at most 2^53")]
        Some(Weight::Float(value as f64 / POWERS[fraction]))
    }

    /// Reads digits on from those of a number; wrong where there are too many.
    #[inline]
    fn digits(&mut self, mut value: u64) -> u64 {
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::collection::document_line::parse_general;
    use crate::collection::error::LineProblem;

    type Read = (String, String, Vec<(String, Weight)>);

    fn plain(line: &str, contents: Contents) -> Option<Read> {
        let read = read_plain(line, contents)?;
        let vector = read.vector.into_iter();
        Some((
            read.document.docid.into_owned(),
            read.document.contents.into_owned(),
            vector
                .map(|(term, weight)| (term.to_owned(), weight))
                .collect(),
        ))
    }

    fn general(line: &str, contents: Contents) -> Option<Read> {
        let mut vector = Vec::new();
        let document = parse_general(line, contents, |term, weight| {
            vector.push((term.to_owned(), weight));
            Ok::<_, LineProblem>(())
        });
        let document = document.ok()?;
        Some((
            document.docid.into_owned(),
            document.contents.into_owned(),
            vector,
        ))
    }

    #[test]
    fn lines_of_this_program_and_of_pyserini_are_plain() {
        for line in [
            r###"{"id": "d1", "contents": "", "vector": {"cell": 12, "##ing": 1, "é猫": 0.1023}}"###,
            r#"{"id":"d1","contents":"a text","vector":{"cell":1.2345678806304932}}"#,
            r#" { "vector" : { } , "id" : "" } "#,
        ] {
            let read = plain(line, Contents::Read);
            assert!(read.is_some(), "{line}");
            assert_eq!(read, general(line, Contents::Read));
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_general_reader() {
        for line in [
            "",
            "{}",
            "[]",
            r#"{"id": 7, "vector": {}}"#,
            r#"{"id": "a"}"#,
            r#"{"id": "a", "vector": {}} x"#,
            r#"{"id": "a", "vector": {"t": 1}"#,
            r#"{"id": "a", "vector": {"t": 1,}}"#,
            r#"{"id": "a", "vector": {"t": 01}}"#,
            r#"{"id": "a", "vector": {"t": 1.}}"#,
            r#"{"id": "a", "vector": {"t": .5}}"#,
            r#"{"id": "a", "vector": {"t": -1}}"#,
            r#"{"id": "a", "vector": {"t": 1e2}}"#,
            r#"{"id": "a", "vector": {"t": 99999999999999999999}}"#,
            r#"{"id": "a", "vector": {"t\u0041": 1}}"#,
            r#"{"id": "a", "id": "b", "vector": {}}"#,
            r#"{"id": "a", "vector": {}, "vector": {}}"#,
            r#"{"id": "a", "vector": {}, "more": 1}"#,
            "{\"id\": \"a\tb\", \"vector\": {}}",
        ] {
            assert_eq!(plain(line, Contents::Read), None, "{line}");
        }
    }

    /// Writes JSON with blanks, odd numbers, escapes and damage, so that both readers meet lines of every kind.
    fn lines() -> impl Strategy<Value = String> {
        let number = prop_oneof![
            "[0-9]{1,3}",
            "[0-9]{1,2}\\.[0-9]{1,20}",
            "-?[0-9]{0,22}\\.?[0-9]{0,3}(e[+-]?[0-9]{1,3})?",
        ];
        let string = prop_oneof!["[a-z#é猫]{0,9}", "[a-z\\\\\"\t]{0,4}"];
        let blank = "[ \t]{0,2}";
        let entry =
            (string.clone(), blank, number).prop_map(|(t, b, n)| format!("\"{t}\"{b}:{b}{n}"));
        let entries =
            prop::collection::vec(entry, 0..6).prop_map(|all| format!("{{{}}}", all.join(", ")));
        let member = prop_oneof![
            string.clone().prop_map(|s| format!("\"id\": \"{s}\"")),
            string.prop_map(|s| format!("\"contents\": \"{s}\"")),
            Just("\"contents\": null".to_owned()),
            Just("\"more\": [1]".to_owned()),
            entries.prop_map(|v| format!("\"vector\": {v}")),
        ];
        prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(",")))
    }

    proptest! {
        #[test]
        fn both_readers_read_the_same(line in lines(), skip: bool) {
            let contents = if skip { Contents::Skip } else { Contents::Read };
            if let Some(read) = plain(&line, contents) {
                prop_assert_eq!(Some(read), general(&line, contents));
            }
        }

        #[test]
        fn every_weight_is_read_to_the_bit(weight in prop::num::f32::POSITIVE) {
            let line = format!("{{\"id\": \"d\", \"vector\": {{\"t\": {weight}}}}}");
            if let Some((_, _, vector)) = plain(&line, Contents::Read) {
                prop_assert_eq!(f32::from(vector[0].1).to_bits(), weight.to_bits());
            }
        }
    }
}
