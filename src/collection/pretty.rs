//! A JSON text as Jackson prints it "pretty": what Anserini stores as `raw`.
//!
//! Objects have one member a line, indented by two spaces for each object around it, with ` : ` after the name; arrays
//! stay on their line, with spaces inside the brackets. Text is not escaped beyond what JSON asks for. A name that
//! comes twice keeps its first place and its last value. Numbers with a fraction or exponent are printed as Java prints
//! a `double`.

use std::collections::HashMap;
use std::fmt::Write;

use super::error::LineProblem;

/// Deepest nesting, Jackson's own limit.
const MAX_DEPTH: usize = 1000;

/// Prints a JSON text pretty; the text is one that [`parse`](super::parse) accepts.
///
/// # Errors
///
/// [`LineProblem::Json`] if it is nested more than 1,000 deep, or not JSON.
pub fn pretty(json: &str) -> Result<String, LineProblem> {
    let mut tokens = Tokens { json, at: 0 };
    let node = tokens.node(0).ok_or_else(|| {
        LineProblem::Json("it cannot be stored as it is nested too deep".to_owned())
    })?;
    let mut out = String::with_capacity(json.len() * 3 / 2);
    node.print(0, &mut out);
    Ok(out)
}

/// A JSON value with the order of its members.
enum Node<'a> {
    /// `null`, `true`, `false` or a whole number.
    Plain(&'a str),
    Double(f64),
    Text(String),
    Array(Vec<Node<'a>>),
    Object(Vec<(String, Node<'a>)>),
}

/// Reads values out of a JSON text.
struct Tokens<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.json.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn node(&mut self, depth: usize) -> Option<Node<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => self.text().map(Node::Text),
            _ => self.scalar(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Node<'a>> {
        self.eat(b'{')?;
        let mut members: Vec<(String, Node<'a>)> = Vec::new();
        let mut places = HashMap::new();
        while self.peek()? != b'}' {
            if !members.is_empty() {
                self.eat(b',')?;
                self.peek();
            }
            let name = self.text()?;
            self.eat(b':')?;
            let value = self.node(depth + 1)?;
            if let Some(member) = places
                .get(&name)
                .and_then(|place: &usize| members.get_mut(*place))
            {
                member.1 = value;
            } else {
                places.insert(name.clone(), members.len());
                members.push((name, value));
            }
        }
        self.eat(b'}')?;
        Some(Node::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Node<'a>> {
        self.eat(b'[')?;
        let mut values = Vec::new();
        while self.peek()? != b']' {
            if !values.is_empty() {
                self.eat(b',')?;
            }
            values.push(self.node(depth + 1)?);
        }
        self.eat(b']')?;
        Some(Node::Array(values))
    }

    fn text(&mut self) -> Option<String> {
        let rest = self.json.get(self.at..)?;
        let mut end = 1;
        while *rest.as_bytes().get(end)? != b'"' {
            end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
        }
        self.at += end + 1;
        serde_json::from_str(rest.get(..=end)?).ok()
    }

    fn scalar(&mut self) -> Option<Node<'a>> {
        let rest = self.json.get(self.at..)?;
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
            .unwrap_or(rest.len());
        self.at += end;
        let token = rest.get(..end).filter(|token| !token.is_empty())?;
        let number = token.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        Some(if number && token.contains(['.', 'e', 'E']) {
            Node::Double(token.parse().ok()?)
        } else if token == "-0" {
            Node::Plain("0")
        } else {
            Node::Plain(token)
        })
    }
}

impl Node<'_> {
    fn print(&self, depth: usize, out: &mut String) {
        match self {
            Self::Plain(token) => out.push_str(token),
            Self::Double(value) => print_double(*value, out),
            Self::Text(value) => print_text(value, out),
            Self::Array(values) if values.is_empty() => out.push_str("[ ]"),
            Self::Array(values) => {
                for (i, value) in values.iter().enumerate() {
                    out.push_str(if i == 0 { "[ " } else { ", " });
                    value.print(depth, out);
                }
                out.push_str(" ]");
            }
            Self::Object(members) if members.is_empty() => out.push_str("{ }"),
            Self::Object(members) => {
                for (i, (name, value)) in members.iter().enumerate() {
                    out.push_str(if i == 0 { "{" } else { "," });
                    new_line(depth + 1, out);
                    print_text(name, out);
                    out.push_str(" : ");
                    value.print(depth + 1, out);
                }
                new_line(depth, out);
                out.push('}');
            }
        }
    }
}

fn new_line(depth: usize, out: &mut String) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn print_text(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

/// The shortest digits that give the number again, as a plain decimal from 0.001 to below ten million, and else with
/// an exponent; always with a digit after the point.
fn print_double(value: f64, out: &mut String) {
    let size = value.abs();
    // Writing to a string cannot fail.
    if value == 0.0 || (1e-3..1e7).contains(&size) {
        let _ = write!(out, "{value:?}");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 {
            "\"Infinity\""
        } else {
            "\"-Infinity\""
        });
    } else {
        let text = format!("{value:E}");
        let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let point = if digits.contains('.') { "" } else { ".0" };
        let _ = write!(out, "{digits}{point}E{exponent}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_member_a_line() {
        let json =
            r#"{"id":"é\u0001\/","n":{"a":1,"b":[1,{"c":null},[]],"o":{}},"id2":-0.5,"n2":true}"#;
        let expected = "{\n  \"id\" : \"é\\u0001/\",\n  \"n\" : {\n    \"a\" : 1,\n    \"b\" : [ 1, {\n      \"c\" : null\n    \
                        }, [ ] ],\n    \"o\" : { }\n  },\n  \"id2\" : -0.5,\n  \"n2\" : true\n}";
        assert_eq!(pretty(json).unwrap(), expected);
    }

    #[test]
    fn the_last_value_of_a_name_stays_at_its_first_place() {
        assert_eq!(
            pretty(r#"{"a":1,"b":2,"a":3}"#).unwrap(),
            "{\n  \"a\" : 3,\n  \"b\" : 2\n}"
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(pretty(&format!("{}{}", "[".repeat(900), "]".repeat(900))).is_ok());
        assert!(pretty(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    }

    #[test]
    fn doubles_as_java_prints_them() {
        for (json, printed) in [
            ("1.50", "1.5"),
            ("100.0", "100.0"),
            ("1e2", "100.0"),
            ("0.001", "0.001"),
            ("0.0001", "1.0E-4"),
            ("12345678.9", "1.23456789E7"),
            ("1e7", "1.0E7"),
            ("9999999.0", "9999999.0"),
            ("-0.0", "-0.0"),
            ("-0", "0"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1e300", "1.0E300"),
        ] {
            assert_eq!(pretty(json).unwrap(), printed);
        }
    }
}
