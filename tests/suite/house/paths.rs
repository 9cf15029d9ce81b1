//! The paths that a piece of source names: in `use` lines, in code, in macros and in attributes.

use super::items::{first_item, is_cfg_test};
use super::tokens::Token;

/// A name that `use` brings into scope, or all names of a module for `use path::*`.
#[derive(Clone)]
pub(crate) struct Binding {
    /// The name in scope; `*` for all.
    pub(crate) name: String,
    /// The path that it stands for.
    pub(crate) path: Vec<String>,
}

/// Everything that is named outside tests, but for what modules inside name.
#[derive(Default)]
pub(crate) struct Paths {
    /// What `use` brings into scope, also inside functions.
    pub(crate) bindings: Vec<Binding>,
    /// Paths in code.
    pub(crate) named: Vec<Vec<String>>,
    /// Paths in the strings of attributes, such as `serde(with = "crate::x")`.
    pub(crate) quoted: Vec<Vec<String>>,
}

impl Paths {
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let mut paths = Self::default();
        paths.add(tokens);
        paths
    }

    fn add(&mut self, mut tokens: &[Token]) {
        while let [token, rest @ ..] = tokens {
            let next = rest.first();
            tokens = rest;
            match token.word() {
                Some("use") if !next.is_some_and(|next| next.is('<')) => {
                    let end = rest.iter().position(|token| token.is(';'));
                    let (tree, after) = rest.split_at(end.unwrap_or(rest.len()));
                    self.add_use(tree, &[]);
                    tokens = after;
                }
                // Modules are looked at by themselves.
                Some("mod") => tokens = rest.get(2..).unwrap_or_default(),
                Some(_) => tokens = self.add_path(token, rest),
                None if token.is('#') => {
                    if let Some(attribute) = next.and_then(|next| next.group('[')) {
                        self.add_quoted(attribute);
                        tokens = &rest[1..];
                        if is_cfg_test(attribute) {
                            tokens = first_item(tokens).1;
                        }
                    }
                }
                // What follows a point is a field or a method, unless the point ends a range.
                None if token.is('.') && next.is_some_and(|next| next.word().is_some()) => {
                    tokens = &rest[1..];
                }
                None if token.is('.') && next.is_some_and(|next| next.is('.')) => {
                    tokens = &rest[1..];
                }
                None => {
                    if let Token::Group { inside, .. } = token {
                        self.add(inside);
                    }
                }
            }
        }
    }

    /// Takes a path that begins with a word; returns what follows it.
    fn add_path<'a>(&mut self, first: &Token, mut rest: &'a [Token]) -> &'a [Token] {
        let mut path: Vec<String> = first.word().map(str::to_owned).into_iter().collect();
        while let [one, two, Token::Word { text, .. }, after @ ..] = rest
            && one.is(':')
            && two.is(':')
        {
            path.push(text.clone());
            rest = after;
        }
        self.named.push(path);
        rest
    }

    /// Adds what one tree of a `use` line brings into scope, behind the path that leads to the tree.
    fn add_use(&mut self, tree: &[Token], prefix: &[String]) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let mut tokens = tree.iter();
        while let Some(token) = tokens.next() {
            match token {
                Token::Word { text, .. } if text == "as" => {
                    name = tokens.next().and_then(Token::word).map(str::to_owned);
                }
                Token::Word { text, .. } if text == "self" && !path.is_empty() => {}
                Token::Word { text, .. } => path.push(text.clone()),
                Token::Group { inside, .. } => {
                    for tree in inside.split(|token| token.is(',')) {
                        if !tree.is_empty() {
                            self.add_use(tree, &path);
                        }
                    }
                    return;
                }
                Token::Punctuation('*') => name = Some("*".to_owned()),
                _ => {}
            }
        }
        if let Some(name) = name.or_else(|| path.last().cloned()) {
            self.bindings.push(Binding { name, path });
        }
    }

    fn add_quoted(&mut self, attribute: &[Token]) {
        for token in attribute {
            match token {
                Token::Text(text) if text.starts_with("crate::") => {
                    self.quoted
                        .push(text.split("::").map(str::to_owned).collect());
                }
                Token::Group { inside, .. } => self.add_quoted(inside),
                _ => {}
            }
        }
    }
}
