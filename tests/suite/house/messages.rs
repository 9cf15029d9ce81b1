//! Messages into which text of others gets as it is, not escaped and not cut.

use super::items::{first_item, is_cfg_test};
use super::tokens::{Token, tokens};

/// Placeholders with `?` that stand in no message, or for something that is nobody's text: file, placeholder, why.
const DEBUG_ALLOWED: [(&str, &str, &str); 7] = [
    (
        "src/collection/pretty.rs",
        "{value:?}",
        "a number as Java prints it",
    ),
    ("src/error.rs", "{:?}", "the kind in the error's own Debug"),
    ("src/fuzzing/scratch.rs", "{:?}", "the number of a thread"),
    ("src/model/blocks/rotary.rs", "{:?}", "numbers in a key"),
    (
        "src/model/query_side/table.rs",
        "{shape:?}",
        "a list of numbers",
    ),
    (
        "src/model/weights/checkpoint.rs",
        "{:?} {shape:?}",
        "lists of numbers",
    ),
    (
        "src/screened_head/error.rs",
        "{0:?}",
        "the name of a kernel",
    ),
];

/// What shows text of others.
const WAYS: [&str; 6] = [
    "quote",
    "sentence",
    "Quoted",
    "Name",
    "list",
    "in_parentheses",
];

/// Returns the text of others that is printed as it is, as far as it can be told by reading: placeholders with `?`,
/// paths that are displayed by themselves outside the command, and fields of error types that are neither escaped nor cut.
pub(crate) fn raw_text(path: &str, text: &str) -> Vec<String> {
    let tokens = without_tests(&tokens(text));
    let mut found = Vec::new();
    debug_placeholders(path, &tokens, &mut found);
    // What the command prints goes through `say!`, or through the end of the program.
    if !path.starts_with("src/cli/") {
        displays(&tokens, &mut found);
    }
    fields_of_errors(&tokens, &mut found);
    found.iter().map(|what| format!("{path}: {what}")).collect()
}

/// Leaves out items that exist in tests only.
fn without_tests(mut tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    while let Some(token) = tokens.first() {
        let attribute = tokens.get(1).and_then(|token| token.group('['));
        if token.is('#') && attribute.is_some_and(is_cfg_test) {
            tokens = first_item(tokens).1;
            continue;
        }
        kept.push(match token {
            Token::Group {
                open,
                inside,
                last_line,
            } => Token::Group {
                open: *open,
                inside: without_tests(inside),
                last_line: *last_line,
            },
            other => other.clone(),
        });
        tokens = &tokens[1..];
    }
    kept
}

/// Calls `each` with every list of tokens between two brackets.
fn walk<'t>(tokens: &'t [Token], each: &mut impl FnMut(&'t [Token])) {
    each(tokens);
    for token in tokens {
        if let Token::Group { inside, .. } = token {
            walk(inside, each);
        }
    }
}

fn debug_placeholders(path: &str, tokens: &[Token], found: &mut Vec<String>) {
    walk(tokens, &mut |list| {
        for token in list {
            let Token::Text(text) = token else { continue };
            for placeholder in placeholders(text) {
                let allowed = DEBUG_ALLOWED.iter().any(|(file, allowed, _)| {
                    *file == path
                        && allowed
                            .split(' ')
                            .any(|one| one == format!("{{{placeholder}}}"))
                });
                if placeholder.ends_with('?') && !allowed {
                    found.push(format!("{{{placeholder}}} in {text:?}"));
                }
            }
        }
    });
}

/// Returns what stands between the braces of a format string.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        rest = &rest[open + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            rest = escaped;
            continue;
        }
        let Some(close) = rest.find('}') else { break };
        found.push(&rest[..close]);
        rest = &rest[close + 1..];
    }
    found
}

fn displays(tokens: &[Token], found: &mut Vec<String>) {
    walk(tokens, &mut |list| {
        for call in list.windows(3) {
            if call[0].is('.') && call[1].word() == Some("display") && call[2].group('(').is_some()
            {
                found.push(".display()".to_owned());
            }
        }
    });
}

/// Finds fields with text of others in `#[error(...)]`.
fn fields_of_errors(tokens: &[Token], found: &mut Vec<String>) {
    walk(tokens, &mut |list| {
        for (at, token) in list.iter().enumerate() {
            let attribute = list.get(at + 1).and_then(|token| token.group('['));
            if let (true, Some([error, message])) = (token.is('#'), attribute)
                && error.word() == Some("error")
                && let Some(message) = message.group('(')
            {
                check_message(message, &foreign_fields(&list[at + 2..]), found);
            }
        }
    });
}

fn check_message(message: &[Token], foreign: &[String], found: &mut Vec<String>) {
    let mut arguments = message.split(|token| token.is(','));
    let Some([Token::Text(text)]) = arguments.next() else {
        return;
    };
    let mut named = Vec::new();
    for argument in arguments {
        let value = match argument {
            [name, equals, value @ ..] if equals.is('=') => {
                named.extend(name.word());
                value
            }
            value => value,
        };
        let mut mentioned = Vec::new();
        walk(value, &mut |list| {
            mentioned.extend(list.iter().filter_map(Token::word));
        });
        let shown = mentioned.first().is_some_and(|first| WAYS.contains(first));
        let raw = mentioned
            .iter()
            .find(|word| foreign.iter().any(|field| field == *word));
        if let (false, Some(raw)) = (shown, raw) {
            found.push(format!("{raw} in {text:?}"));
        }
    }
    for placeholder in placeholders(text) {
        let name = placeholder.split(':').next().unwrap_or_default();
        if !named.contains(&name) && foreign.iter().any(|field| field == name) {
            found.push(format!("{name} in {text:?}"));
        }
    }
}

/// Returns the fields of a variant or a struct, which begins behind an attribute, that may hold text of others. Fields
/// without a name are called by their numbers.
fn foreign_fields(tokens: &[Token]) -> Vec<String> {
    let body = tokens.windows(2).take_while(|pair| !pair[0].is(','));
    let body = body.filter(|pair| pair[0].word().is_some_and(|word| word != "pub"));
    let body = body.map(|pair| &pair[1]).find_map(|token| {
        let named = token.group('{').map(|fields| (true, fields));
        named.or_else(|| Some((false, token.group('(')?)))
    });
    let Some((named, fields)) = body else {
        return Vec::new();
    };
    let fields = fields.split(|token| token.is(',')).enumerate();
    let foreign = fields.filter(|(_, field)| is_foreign(field));
    foreign
        .filter_map(|(number, field)| {
            if !named {
                return Some(number.to_string());
            }
            let colon = field.iter().position(|token| token.is(':'))?;
            Some(field[colon - 1].word()?.to_owned())
        })
        .collect()
}

/// Tells by its type whether a field may hold text of others.
fn is_foreign(field: &[Token]) -> bool {
    let words: Vec<_> = field.iter().filter_map(Token::word).collect();
    let has = |word| words.contains(&word);
    // A text that is borrowed is one of the program's own: errors have no lifetimes.
    let owned = has("Arc") || has("Box");
    ["String", "PathBuf", "Path"].iter().any(|word| has(word))
        || (has("str") && owned)
        || words.windows(2).any(|pair| pair == ["io", "Error"])
}

#[test]
fn raw_text_in_messages_is_found() {
    let found = |text: &str| raw_text("src/a.rs", text);
    for raw in [
        r#"fn f() { format!("{:?}", x); }"#,
        r#"fn f() { bail!("a {name:#?} b"); }"#,
        r#"fn f() { format!("{0:>8.3?}", x) }"#,
        "fn f(p: &Path) { p.display(); }",
        r#"enum E { #[error("{name} is bad")] A { name: String } }"#,
        r#"enum E { #[error("{0}")] A(#[from] io::Error) }"#,
        r#"enum E { #[error("{} is bad", .0)] #[allow(x)] A(Arc<str>) }"#,
        r#"enum E { #[error("{n} is bad", n = names.join(", "))] A { count: u8, names: Vec<String> } }"#,
        r#"#[derive(Debug)] #[error("{path}", path = path.to_string_lossy())] pub(crate) struct E { pub path: PathBuf }"#,
    ] {
        assert_eq!(found(raw).len(), 1, "{raw} {:?}", found(raw));
    }
    for shown in [
        r#"fn f() { format!("{{:?}} {} {x} {y:>3}", Quoted(&name)); }"#,
        r#"#[cfg(test)] mod tests { fn f() { panic!("{:?}", x); } }"#,
        r#"enum E { #[error("{what} {count}")] A { what: &'static str, count: u64 }, B { name: String } }"#,
        r#"enum E { #[error("{name}", name = Quoted(name))] A { name: String } }"#,
        r#"enum E { #[error("{}", quote::located(path, source))] A { path: PathBuf, source: io::Error } }"#,
        "enum E { #[error(transparent)] A(#[from] io::Error) }",
    ] {
        assert_eq!(found(shown), [""; 0], "{shown}");
    }
    assert!(raw_text("src/cli/a.rs", "fn f(p: &Path) { p.display(); }").is_empty());
}
