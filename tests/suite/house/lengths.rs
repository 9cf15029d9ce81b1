//! Functions and files that are longer than allowed.

use std::collections::BTreeMap;

use super::modules::Tree;
use super::tokens::{Token, tokens};

/// Returns the functions over the limit. Tests count, attributes and documentation do not.
pub(crate) fn long_functions(tree: &Tree, limit: usize) -> Vec<String> {
    let mut long = Vec::new();
    for (path, text) in &tree.files {
        let mut functions = Vec::new();
        add_functions(&tokens(text), &mut functions);
        for (name, from, to) in functions {
            let lines = to - from + 1;
            if lines > limit {
                long.push(format!(
                    "{path}:{from}: {name} has {lines} lines, at most {limit}"
                ));
            }
        }
    }
    long
}

/// Adds the name, the first and the last line of every function.
fn add_functions(tokens: &[Token], functions: &mut Vec<(String, usize, usize)>) {
    for (i, token) in tokens.iter().enumerate() {
        if let Token::Group { inside, .. } = token {
            add_functions(inside, functions);
        }
        let Token::Word { text, line } = token else {
            continue;
        };
        let name = tokens.get(i + 1).and_then(Token::word);
        let body = tokens[i..]
            .iter()
            .find(|token| token.is(';') || token.group('{').is_some());
        if let ("fn", Some(name), Some(Token::Group { last_line, .. })) = (&text[..], name, body) {
            functions.push((name.to_owned(), *line, *last_line));
        }
    }
}

/// Returns the files over the limit.
pub(crate) fn long_files(files: &BTreeMap<String, String>, limit: usize) -> Vec<String> {
    files
        .iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|&(_, lines)| lines > limit)
        .map(|(path, lines)| format!("{path} has {lines} lines, at most {limit}"))
        .collect()
}
