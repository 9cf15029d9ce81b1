//! The token of a user of the hub.

use std::fmt;
use std::path::Path;

/// A secret that is sent to the hub and shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes a token as it was given; `None` if nothing but white space was.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        // What cannot stand in a header is no token.
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        plain.then(|| Self(text.to_owned()))
    }

    /// Reads the token that a login of the hub's tools left.
    pub(super) fn read(path: &Path) -> Option<Self> {
        Self::new(&std::fs::read_to_string(path).ok()?)
    }

    /// Returns the value of the header `Authorization`.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let token = Token::new(" hf_secret\n").unwrap();
        assert_eq!(token.bearer(), "Bearer hf_secret");
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(Token::new(" \n"), None);
        assert_eq!(Token::new("a\r\nHost: b"), None);
    }
}
