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
        let rest = write_start(f, self.0, MAX_QUOTED)?;
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
            if is_quoting(c) {
                f.write_char(c)?;
            } else {
                write_escaped(f, c)?;
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

/// Returns a path as a word of a command for a shell. What a terminal would obey is escaped, so that a path with such
/// characters has to be typed in another way.
#[must_use]
pub fn shell_word(path: &Path) -> String {
    let text = self::path(path);
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns a text in double quotes, escaped and cut: for messages.
#[must_use]
pub fn quoted(text: &str) -> String {
    Quoted(text).to_string()
}

/// Displays an error of the file system with the path, which some of them name already.
pub(crate) fn located(path: &Path, error: &std::io::Error) -> String {
    about(path, &error.to_string())
}

/// Displays what is wrong with a file, behind its path, which some reasons name already. Line ends stay: a remedy may be a
/// command on a line of its own.
pub(crate) fn about(path: &Path, reason: &str) -> String {
    let said = sentence(reason);
    let named = self::path(path);
    // As fs-err names it, and as this function does.
    if said.contains(&format!("`{named}`")) || said.starts_with(&format!("{named}: ")) {
        return said;
    }
    format!("{named}: {said}")
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
        match write_start(f, self.0, MAX_QUOTED)? {
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
        if c == '\n' || is_quoting(c) {
            text.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write_escaped(&mut text, c);
        }
    }
    text
}

/// Escapes a whole message, and leaves out the middle of one that is as long as the text of others in it: what and where
/// stand at its beginning, the remedy at its end. A message that was treated so before stays as it is.
pub(crate) fn sentence(message: &str) -> String {
    const BEGIN: usize = 3000;
    const END: usize = 1000;
    const GAP: &str = " ... ";
    let message = printable(message.trim_end());
    let length = message.chars().count();
    if length <= BEGIN + GAP.len() + END {
        return message;
    }
    let begin: String = message.chars().take(BEGIN).collect();
    let end: String = message.chars().skip(length - END).collect();
    format!("{begin}{GAP}{end}")
}

/// Returns true for what Rust would escape within quotes, and a terminal shows as it is.
const fn is_quoting(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

/// Writes a character, escaped if it is not seen. An accent that is a character of its own stays, as names have them on
/// some systems, and many scripts all over.
fn write_escaped(f: &mut impl Write, c: char) -> fmt::Result {
    let mut buffer = [b'x'; 5];
    let length = 1 + c.encode_utf8(&mut buffer[1..]).len();
    let behind_a_letter = std::str::from_utf8(&buffer[..length]).unwrap_or_default();
    let mut escaped = behind_a_letter.escape_debug().skip(1);
    escaped.try_for_each(|c| f.write_char(c))
}

/// Writes the first characters, escaped, and returns the number of bytes left out.
fn write_start(f: &mut fmt::Formatter<'_>, text: &str, limit: usize) -> Result<usize, fmt::Error> {
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count == limit {
            return Ok(text.len() - at);
        }
        // An apostrophe needs no escape within double quotes.
        if c == '\'' {
            f.write_char(c)?;
        } else {
            write_escaped(f, c)?;
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
    fn accents_and_vowel_signs_are_shown() {
        for text in [
            "re\u{301}sume\u{301}",
            "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
            "\u{e17}\u{e35}\u{e48}",
        ] {
            assert_eq!(Name(text).to_string(), text);
            assert_eq!(printable(text), text);
            assert_eq!(Quoted(text).to_string(), format!("\"{text}\""));
        }
    }

    #[test]
    fn a_message_is_treated_once() {
        for message in ["a\u{1b}\"b\"\\c\n".to_owned(), "\u{7}é".repeat(5000)] {
            let once = sentence(&message);
            assert_eq!(sentence(&once), once);
            assert!(once.chars().count() <= 4005);
        }
        let long = format!("corpus.jsonl: {}; correct it", "y".repeat(60_000));
        let shown = sentence(&long);
        assert!(shown.starts_with("corpus.jsonl: yyy") && shown.ends_with("yyy; correct it"));
    }

    #[test]
    fn a_reason_is_told_with_its_path_once() {
        let path = Path::new("a/b\u{7}");
        assert_eq!(
            about(path, "bad\u{1b}:\n    x"),
            "a/b\\u{7}: bad\\u{1b}:\n    x"
        );
        assert_eq!(
            about(path, "cannot open `a/b\u{7}`"),
            "cannot open `a/b\\u{7}`"
        );
        assert_eq!(about(path, "a/b\u{7}: bad"), "a/b\\u{7}: bad");
        assert_eq!(about(Path::new("a"), "bad"), "a: bad");
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
    fn a_path_is_a_word_of_a_command() {
        for (path, word) in [
            ("a/b-1_é.x", "a/b-1_é.x"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
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
