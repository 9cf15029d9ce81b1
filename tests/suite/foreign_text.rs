//! Text of others in messages: it is shown, and a terminal obeys nothing of it.

use super::hub::Place;
use crate::common::runs::Bench;
use crate::common::{fails, ok};

/// Names from the hub, its answers and a model's card show as they are, and obey nothing.
#[test]
fn text_from_the_hub_reaches_no_terminal_as_it_is() {
    let escape = "\u{1b}]0;owned\u{7}\u{202e}";
    let place = Place::new();
    place
        .hub
        .state()
        .more_names
        .push(format!("../{escape}/config.json"));
    let error = fails(1, &mut place.command(&["model", "org/tiny", "--json"]));
    assert!(
        error.contains(r#""../\u{1b}]0;owned\u{7}\u{202e}/config.json""#),
        "{error}"
    );
    let place = Place::new();
    place.hub.state().etag = Some("a\t/../b".into());
    let error = fails(1, &mut place.command(&["model", "org/tiny", "--json"]));
    assert!(
        error.contains(r#""a\t/../b""#) && !error.contains('\t'),
        "{error}"
    );
    let place = Place::new();
    let card = format!("---\nlicense: mit{escape}\n---\n");
    place
        .hub
        .state()
        .files
        .insert("README.md".into(), card.into());
    let text = ok(&mut place.command(&["model", "org/tiny"]));
    let shown: Vec<_> = text
        .chars()
        .filter(|c| c.is_control() && *c != '\n')
        .collect();
    assert!(
        shown.is_empty() && text.contains(r"license      mit\u{1b}"),
        "{text}"
    );
    let error = fails(1, &mut place.command(&["model", &format!("hf:{escape}")]));
    assert!(
        error.contains(r#""\u{1b}]0;owned\u{7}\u{202e}" is no model's name"#),
        "{error}"
    );
}

/// Whatever a model's files have in them, it is shown and not obeyed.
#[test]
fn text_of_a_model_reaches_no_terminal_as_it_is() {
    let escape = "\\u001b[31m\\u202e";
    let shown = r"\u{1b}[31m\u{202e}";
    let bench = Bench::new(1);
    let config = fs_err::read_to_string(bench.at("model/config.json")).unwrap();
    let tokenizer = fs_err::read_to_string(bench.at("model/tokenizer.json")).unwrap();
    let explain = || {
        let mut command = bench.program();
        command.args(["explain", "a b"]);
        command
    };
    let refused = |part: &str| {
        let error = fails(1, &mut explain());
        let raw = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(
            error.contains(part) && !error.contains(raw),
            "{part}: {error}"
        );
    };
    for (from, to, part) in [
        (
            "\"bert\"",
            format!("\"{escape}\""),
            format!("architecture \"{shown}\" is not known"),
        ),
        (
            "\"gelu\"",
            format!("\"{escape}\""),
            format!("activation \"{shown}\" is not supported"),
        ),
        (
            "\"num_hidden_layers\":1",
            format!("\"num_hidden_layers\":\"{escape}\""),
            shown.to_owned(),
        ),
    ] {
        assert!(config.contains(from), "{config}");
        bench.write("model/config.json", config.replace(from, &to));
        refused(&part);
    }
    bench.write("model/config.json", &config);
    let beyond = format!("\"{escape}\":99,\"[PAD]\":0");
    bench.write(
        "model/tokenizer.json",
        tokenizer.replace("\"[PAD]\":0", &beyond),
    );
    refused(&format!("the token \"{shown}\" has the number 99"));
    bench.write("model/tokenizer.json", &tokenizer);

    let index = format!("{{\"weight_map\": {{\"x\": \"../{escape}.safetensors\"}}}}");
    fs_err::rename(bench.at("model/model.safetensors"), bench.at("weights")).unwrap();
    bench.write("model/model.safetensors.index.json", index);
    refused(&format!("shard \"../{shown}.safetensors\" lies outside"));
    fs_err::remove_file(bench.at("model/model.safetensors.index.json")).unwrap();
    fs_err::rename(bench.at("weights"), bench.at("model/model.safetensors")).unwrap();
    let modules = format!("[{{\"path\": \"../{escape}\", \"type\": \"x\"}}]");
    bench.write("model/modules.json", modules);
    refused(&format!("module \"../{shown}\" lies outside"));
    fs_err::remove_file(bench.at("model/modules.json")).unwrap();

    // A term is printed by a command that succeeds, too.
    let renamed = tokenizer.replace("\"a\":5", &format!("\"a{escape}\":5"));
    assert!(renamed != tokenizer);
    let renamed = renamed.replace("\"##a\":6", "\"a\":6");
    bench.write("model/tokenizer.json", renamed);
    let text = ok(&mut explain());
    assert!(text.contains(&format!("a{shown}")), "{text}");
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text}"
    );
}

/// A file whose name nobody should print is named in messages all the same.
#[cfg(unix)]
#[test]
fn names_of_files_reach_no_terminal_as_they_are() {
    let bench = Bench::new(20);
    let odd = "a\u{1b}[31m\nb";
    let shown = r"a\u{1b}[31m\nb";
    ok(&mut bench.documents(odd));
    for arguments in [
        &["documents", "corpus.jsonl", "--output", odd][..],
        &["verify", "corpus.jsonl", "--index", odd],
        &["join", odd, "--output", "joined"],
        &["index", "--merge", odd, "--output", "ix"],
        &["report", "corpus.jsonl", "--output", odd],
        &["explain", "x", "--model", odd],
        &["explain", "x", "--onnxruntime", odd],
        &["convert", odd, "--output", odd],
        &["plan", "corpus.jsonl", "--output", odd],
        &["topics", odd, "--output", "t.tsv"],
    ] {
        let ended = bench.program().args(arguments).output().unwrap();
        assert!(!ended.status.success(), "{arguments:?}");
        let error = String::from_utf8(ended.stderr).unwrap();
        assert!(!error.contains('\u{1b}'), "{arguments:?}: {error}");
        if arguments[0] != "verify" {
            assert!(error.contains(shown), "{arguments:?}: {error}");
        }
    }
}
