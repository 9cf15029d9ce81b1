//! The items of a module: where each ends, its name, and whether it exists in tests only.

use super::tokens::Token;

/// One item.
pub(crate) struct Item<'a> {
    /// `fn`, `struct`, `use`, ...; the macro's name for the call of a macro.
    pub(crate) keyword: &'a str,
    /// The name that it defines, if it has one.
    pub(crate) name: Option<&'a str>,
    /// All of it but its attributes.
    pub(crate) tokens: &'a [Token],
    /// Whether `#[cfg(test)]` or `#[cfg(all(test, ...))]` is on it.
    pub(crate) is_test: bool,
}

/// Cuts tokens into items.
pub(crate) fn items(mut tokens: &[Token]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    while !tokens.is_empty() {
        let (item, rest) = first_item(tokens);
        items.push(item);
        tokens = rest;
    }
    items
}

/// Takes the first item; returns it and what follows.
pub(crate) fn first_item(tokens: &[Token]) -> (Item<'_>, &[Token]) {
    let (is_test, tokens) = attributes(tokens);
    let words = || {
        tokens
            .iter()
            .enumerate()
            .filter_map(|(i, t)| Some((i, t.word()?)))
    };
    let (at, keyword) = words()
        .find(|(i, word)| match *word {
            "pub" | "unsafe" | "async" | "default" => false,
            "const" => tokens.get(i + 1).and_then(Token::word) != Some("fn"),
            "extern" => tokens.get(i + 1).and_then(Token::word) == Some("crate"),
            _ => true,
        })
        .unwrap_or((0, ""));
    let ends_with_semicolon = matches!(keyword, "use" | "const" | "static" | "type" | "extern");
    let end = tokens
        .iter()
        .position(|token| token.is(';') || (!ends_with_semicolon && token.group('{').is_some()));
    let (tokens, rest) = tokens.split_at(end.map_or(tokens.len(), |end| end + 1));
    let is_definition = matches!(
        keyword,
        "const"
            | "enum"
            | "fn"
            | "macro_rules"
            | "mod"
            | "static"
            | "struct"
            | "trait"
            | "type"
            | "union"
    );
    let name = tokens[at.min(tokens.len())..]
        .iter()
        .skip(1)
        .find_map(Token::word);
    let item = Item {
        keyword,
        name: name.filter(|_| is_definition),
        tokens,
        is_test,
    };
    (item, rest)
}

/// Skips attributes; returns whether one of them says that the item exists in tests only.
fn attributes(mut tokens: &[Token]) -> (bool, &[Token]) {
    let mut is_test = false;
    loop {
        let inner = tokens.iter().skip(1).take(1).any(|token| token.is('!'));
        let at = if inner { 2 } else { 1 };
        match (tokens.first(), tokens.get(at).and_then(|t| t.group('['))) {
            (Some(hash), Some(attribute)) if hash.is('#') => {
                is_test |= !inner && is_cfg_test(attribute);
                tokens = &tokens[at + 1..];
            }
            _ => return (is_test, tokens),
        }
    }
}

/// Returns whether the inside of an attribute is `cfg(test)` or `cfg(all(test, ...))`.
pub(crate) fn is_cfg_test(attribute: &[Token]) -> bool {
    let [cfg, condition] = attribute else {
        return false;
    };
    if cfg.word() != Some("cfg") {
        return false;
    }
    match condition.group('(') {
        Some([test]) => test.word() == Some("test"),
        Some([all, all_of]) if all.word() == Some("all") => {
            let first = all_of.group('(').and_then(<[Token]>::first);
            first.and_then(Token::word) == Some("test")
        }
        _ => false,
    }
}
