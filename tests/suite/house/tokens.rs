//! Rust source as tokens, grouped by brackets. Comments and lifetimes are left out.

/// A token with the lines that it is on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A name, a keyword or a number.
    Word { text: String, line: usize },
    /// A character between words.
    Punctuation(char),
    /// The inside of a string; other literals are words or nothing.
    Text(String),
    /// Brackets and what is between them.
    Group {
        open: char,
        inside: Vec<Token>,
        last_line: usize,
    },
}

impl Token {
    pub(crate) fn is(&self, punctuation: char) -> bool {
        *self == Self::Punctuation(punctuation)
    }

    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn group(&self, bracket: char) -> Option<&[Token]> {
        match self {
            Self::Group { open, inside, .. } if *open == bracket => Some(inside),
            _ => None,
        }
    }
}

/// Reads a whole file. Text that is no Rust gives some tokens or other.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: text,
        line: 1,
    };
    lexer.group()
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lexer<'a> {
    /// Reads up to and over the bracket that closes the group, or to the end.
    fn group(&mut self) -> Vec<Token> {
        let mut found = Vec::new();
        while let Some(next) = self.rest.chars().next() {
            if self.skip_comment() {
                continue;
            }
            if let Some(text) = self.string() {
                found.push(Token::Text(text.to_owned()));
                continue;
            }
            match next {
                '\'' => self.skip_quote(),
                '(' | '[' | '{' => {
                    self.take(1);
                    let inside = self.group();
                    found.push(Token::Group {
                        open: next,
                        inside,
                        last_line: self.line,
                    });
                }
                ')' | ']' | '}' => {
                    self.take(1);
                    return found;
                }
                _ if is_word(next) => {
                    let text = self.word().to_owned();
                    let line = self.line;
                    found.push(Token::Word { text, line });
                }
                _ => {
                    self.take(next.len_utf8());
                    if !next.is_whitespace() {
                        found.push(Token::Punctuation(next));
                    }
                }
            }
        }
        found
    }

    /// Takes bytes and counts their lines.
    fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn word(&mut self) -> &'a str {
        if let Some(raw) = self.rest.strip_prefix("r#") {
            self.rest = raw;
        }
        let len = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        self.take(len)
    }

    fn skip_comment(&mut self) -> bool {
        if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            return true;
        }
        if !self.rest.starts_with("/*") {
            return false;
        }
        let mut depth = 0;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else {
                self.take(self.rest.chars().next().map_or(0, char::len_utf8));
            }
            if depth == 0 {
                break;
            }
        }
        true
    }

    /// Takes a string of any kind and returns its inside.
    fn string(&mut self) -> Option<&'a str> {
        // The longest prefix is `br`; looking no farther keeps the lexer linear.
        let prefix = self
            .rest
            .bytes()
            .take(3)
            .position(|b| b == b'"' || b == b'#')?;
        if !matches!(&self.rest[..prefix], "" | "b" | "c" | "r" | "br" | "cr") {
            return None;
        }
        let is_raw = self.rest[..prefix].ends_with('r');
        let body = &self.rest[prefix..];
        let hashes = body.len() - body.trim_start_matches('#').len();
        let inside = body[hashes..].strip_prefix('"')?;
        if !is_raw && hashes > 0 {
            return None;
        }
        let end = if is_raw {
            inside.find(&format!("\"{}", "#".repeat(hashes)))?
        } else {
            let mut escaped = false;
            inside.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })?
        };
        self.take(prefix + hashes + 1 + end + 1 + hashes);
        Some(&inside[..end])
    }

    /// Skips a character or the mark of a lifetime, whose name then is a word like others.
    fn skip_quote(&mut self) {
        self.take(1);
        let mut characters = self.rest.chars();
        let first = characters.next();
        if first == Some('\\') {
            let rest = &self.rest[2..];
            self.take(2 + rest.find('\'').map_or(0, |end| end + 1));
        } else if characters.next() == Some('\'') {
            self.take(first.map_or(0, char::len_utf8) + 1);
        } else {
            self.word();
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[test]
fn comments_strings_and_characters_hide_nothing_and_show_nothing() {
    let words = |text: &str| -> Vec<String> {
        let words = tokens(text).into_iter();
        words.filter_map(|t| t.word().map(str::to_owned)).collect()
    };
    assert_eq!(words("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
    assert_eq!(words(r#"a "b \" c" d br"e\" f"#), ["a", "d", "f"]);
    assert_eq!(words("a r#\"b \" c\"# d r#type"), ["a", "d", "type"]);
    assert_eq!(
        words(r"a '{' b '\'' c '\u{7d}' d 'x e<'y> f"),
        ["a", "b", "c", "d", "e", "f"]
    );
    let lines = tokens("fn a() {\n\"\n\"\n}\nb");
    assert!(matches!(
        lines[3],
        Token::Group {
            open: '{',
            last_line: 4,
            ..
        }
    ));
    assert!(matches!(lines[4], Token::Word { line: 5, .. }));
}
