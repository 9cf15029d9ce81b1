//! Foreign text in messages: file names, keys, docids and terms that a user did not write.
//!
//! Such text may hold escape sequences that a terminal obeys, letters that are not seen, or megabytes. What is printed of
//! it has its control and invisible characters escaped and its end cut.

use std::fmt::{self, Write};
use std::path::Path;

/// Shows at most so many characters of a quoted text.
const MAX_QUOTED: usize = 80;
/// Shows at most so many characters of a name: a path must stay usable.
const MAX_NAME: usize = 1024;

/// Displays a text in double quotes, escaped and cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let rest = write_start(f, self.0, MAX_QUOTED, char::escape_debug)?;
        f.write_char('"')?;
        match rest {
            0 => Ok(()),
            _ => write!(f, "... ({} bytes)", self.0.len()),
        }
    }
}

/// Displays a name without quotes, escaped and cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a>(pub &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars().take(MAX_NAME) {
            // Quotes and backslashes stay as they are: a path must be usable as printed.
            if matches!(c, '"' | '\'' | '\\') {
                f.write_char(c)?;
            } else {
                write!(f, "{}", c.escape_debug())?;
            }
        }
        match self.0.chars().nth(MAX_NAME) {
            None => Ok(()),
            Some(_) => write!(f, "... ({} bytes)", self.0.len()),
        }
    }
}

/// Displays a path, escaped and cut.
pub(crate) fn path(path: &Path) -> String {
    Name(&path.to_string_lossy()).to_string()
}

/// Displays an error of the file system with the path, which some of them name already.
pub(crate) fn located(path: &Path, error: &std::io::Error) -> String {
    let text = error.to_string();
    if text.contains(&*path.to_string_lossy()) {
        return Name(&text).to_string();
    }
    format!("{}: {text}", self::path(path))
}

/// Displays the first names of a list, separated by commas.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 8;
    let mut text = String::new();
    for (i, name) in names.into_iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        if i == MOST {
            text.push_str("...");
            break;
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", Short(name));
    }
    text
}

/// Displays a key or a name of a list: as [`Name`], but cut earlier.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match write_start(f, self.0, MAX_QUOTED, char::escape_debug)? {
            0 => Ok(()),
            _ => f.write_str("..."),
        }
    }
}

/// Escapes what a terminal would obey or not show in a whole message, whatever is in it. Line ends stay.
#[must_use]
pub fn printable(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for c in message.chars() {
        if matches!(c, '\n' | '"' | '\'' | '\\') {
            text.push(c);
        } else {
            text.extend(c.escape_debug());
        }
    }
    text
}

/// Writes the first characters, escaped, and returns the number of bytes left out.
fn write_start<I: Iterator<Item = char>>(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    limit: usize,
    escape: impl Fn(char) -> I,
) -> Result<usize, fmt::Error> {
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count == limit {
            return Ok(text.len() - at);
        }
        // An apostrophe needs no escape within double quotes.
        if c == '\'' {
            f.write_char(c)?;
        } else {
            escape(c).try_for_each(|c| f.write_char(c))?;
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let text = "a\u{1b}]0;x\u{7}\u{202e}\u{200b}b\r\n\"é'";
        let expected = "\"a\\u{1b}]0;x\\u{7}\\u{202e}\\u{200b}b\\r\\n\\\"é'\"";
        assert_eq!(Quoted(text).to_string(), expected);
        let name = path(Path::new("it's/C:\\a\u{1b}[31m.jsonl"));
        assert_eq!(name, "it's/C:\\a\\u{1b}[31m.jsonl");
        assert_eq!(names(["a\n", "b"]), "a\\n, b");
        assert_eq!(printable("a\n\u{1b}[31m \"b\""), "a\n\\u{1b}[31m \"b\"");
    }

    #[test]
    fn a_path_is_named_once() {
        let missing = Path::new("none/such");
        let plain = std::fs::metadata(missing).unwrap_err();
        let shown = located(missing, &plain);
        assert!(shown.starts_with("none/such: "), "{shown}");
        let named = fs_err::metadata(missing).unwrap_err();
        let shown = located(missing, &named);
        assert_eq!(shown.matches("none/such").count(), 1, "{shown}");
    }

    #[test]
    fn long_text_is_cut() {
        let long = "x".repeat(60_000_000);
        let shown = Quoted(&long).to_string();
        assert!(shown.len() < 120 && shown.ends_with("\"... (60000000 bytes)"));
        assert!(Name(&long).to_string().len() < 1100);
        let many = vec!["y"; 1000];
        assert_eq!(names(many), "y, y, y, y, y, y, y, y, ...");
    }
}
