//! The ids of transformers, on texts of many scripts.

use std::path::Path;
use std::process::Command;

use super::*;

/// Texts in which tokenizers differ: accents, Chinese characters, controls, special tokens, words too long.
const TEXTS: [&str; 20] = [
    "How do planes fly? It's un-affordable, naïve café!",
    "A coração não é um órgão: AÇÃO, Ação, ação.",
    "cafe\u{301} co\u{327}a\u{303}o",
    "中国的首都是北京市。日本語のテキスト",
    "한국어 문장입니다",
    "İstanbul'da ΣΊΣΥΦΟΣ straße STRASSE ǅ",
    "tab\tnew\nline\r\nzero\u{0}width\u{200b}joiner\u{200d}soft\u{ad}hyphen\u{fffd}",
    "no\u{a0}break\u{2003}em\u{3000}wide",
    "[CLS] a [MASK] in the text [SEP] [unk] [UNK] [PAD]",
    "emoji 😀👍🏽 and 🇧🇷 flags",
    "",
    "   ",
    "$12,345.67 50% x^2+y_1=z|a~b`c",
    "“curly” ‘quotes’ — dashes – and … dots",
    "x2 4th 10km H2O C++ a.b.c",
    "\u{1f1}\u{fb01}ne ligature ½ ² ㎏",
    "हिन्दी में एक वाक्य",
    "مرحبا بالعالم",
    "don\u{2019}t ## ##ing un##",
    "ﬀﬁ \u{2028}line\u{2029}para\u{85}next",
];

/// Prints the ids of the texts that come in on stdin with the tokenizer of each folder.
const REFERENCE: &str = r#"
import json, sys
from transformers import BertTokenizer
texts = json.load(sys.stdin)
print(json.dumps([BertTokenizer.from_pretrained(f)(texts, add_special_tokens=True)["input_ids"] for f in sys.argv[1:]]))
"#;

/// Returns a vocabulary with the letters and some words of the texts, in each form that a normalizer can give.
fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        .map(str::to_owned)
        .to_vec();
    let mut letters: Vec<char> = TEXTS
        .iter()
        .flat_map(|text| {
            text.chars()
                .chain(text.chars().flat_map(char::to_lowercase))
        })
        .chain('a'..='z')
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    letters.sort_unstable();
    letters.dedup();
    for letter in letters.iter().filter(|&&c| c != 'ç' && c != '京') {
        tokens.push(letter.to_string());
        tokens.push(format!("##{letter}"));
    }
    let words = [
        "planes",
        "fly",
        "##fford",
        "coracao",
        "coração",
        "cafe",
        "café",
        "##ing",
        "the",
        "text",
        "中国",
    ];
    tokens.extend(words.map(str::to_owned));
    tokens
}

fn folder(dir: &Path, name: &str, end: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = dir.join(name);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("vocab.txt"), vocabulary().join(end) + end).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    folder
}

#[test]
fn ids_are_those_of_transformers() {
    let Some(python) =
        std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|path| !path.is_empty())
    else {
        eprintln!("skipped: SPLADE_EXPORT_TRANSFORMERS is not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let config = "tokenizer_config.json";
    let added = r#"{"do_lower_case": false, "tokenizer_class": "BertTokenizer", "added_tokens_decoder": {
        "4": {"content": "[MASK]", "special": true, "lstrip": true}}}"#;
    let folders = [
        folder(dir.path(), "plain", "\n", &[]),
        folder(
            dir.path(),
            "windows",
            "\r\n",
            &[(config, r#"{"do_lower_case": true}"#)],
        ),
        folder(
            dir.path(),
            "cased",
            "\n",
            &[(config, r#"{"do_lower_case": false}"#)],
        ),
        folder(
            dir.path(),
            "accents",
            "\n",
            &[(config, r#"{"strip_accents": false}"#)],
        ),
        folder(
            dir.path(),
            "stripped",
            "\n",
            &[(config, r#"{"do_lower_case": false, "strip_accents": true}"#)],
        ),
        folder(
            dir.path(),
            "chinese",
            "\n",
            &[(config, r#"{"tokenize_chinese_chars": false}"#)],
        ),
        folder(
            dir.path(),
            "map",
            "\n",
            &[(
                "special_tokens_map.json",
                r#"{"unk_token": "[UNK]", "mask_token": {"content": "[MASK]", "lstrip": false}}"#,
            )],
        ),
        folder(dir.path(), "added", "\n", &[(config, added)]),
    ];
    let mut child = Command::new(python)
        .args(["-c", REFERENCE])
        .args(&folders)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(child.stdin.take().unwrap(), &TEXTS).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let expected: Vec<Vec<Vec<u32>>> = serde_json::from_slice(&output.stdout).unwrap();
    for (folder, expected) in folders.iter().zip(expected) {
        let opened = open_tokenizer(folder).unwrap().unwrap();
        for (text, expected) in TEXTS.iter().zip(expected) {
            let encoding = opened.tokenizer.encode(*text, true).unwrap();
            assert_eq!(
                encoding.get_ids(),
                expected,
                "{} {text:?}",
                folder.display()
            );
        }
    }
}

#[test]
fn other_tokenizers_are_refused_with_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |folder: &Path| match open_tokenizer(folder) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{} was opened", folder.display()),
    };
    let sentencepiece = dir.path().join("it's here");
    std::fs::create_dir(&sentencepiece).unwrap();
    std::fs::write(sentencepiece.join("sentencepiece.bpe.model"), "").unwrap();
    let message = refused(&sentencepiece);
    assert!(
        message.contains("AutoTokenizer") && message.contains(r"it'\''s here"),
        "{message}"
    );
    let mecab = r#"{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}"#;
    let message = refused(&folder(
        dir.path(),
        "mecab",
        "\n",
        &[("tokenizer_config.json", mecab)],
    ));
    assert!(message.contains("mecab -Owakati"), "{message}");
    let other = r#"{"tokenizer_class": "BertweetTokenizer"}"#;
    let message = refused(&folder(
        dir.path(),
        "other",
        "\n",
        &[("tokenizer_config.json", other)],
    ));
    assert!(message.contains("a BertweetTokenizer"), "{message}");
    let named = r#"{"cls_token": "<s>"}"#;
    let message = refused(&folder(
        dir.path(),
        "named",
        "\n",
        &[("tokenizer_config.json", named)],
    ));
    assert!(message.contains("\"<s>\" is not in it"), "{message}");
    assert!(open_tokenizer(dir.path()).unwrap().is_none());
}
