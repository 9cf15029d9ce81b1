//! Tokenizers that take other programs, and what to do with them.

use std::path::{Path, PathBuf};

use super::config::TokenizerConfig;
use crate::quote::{Name, shell_word};

/// Files of tokenizers that are not `vocab.txt`.
const OTHER_FILES: [(&str, &str); 6] = [
    ("sentencepiece.bpe.model", "a SentencePiece model"),
    ("sentencepiece.model", "a SentencePiece model"),
    ("spiece.model", "a SentencePiece model"),
    ("tokenizer.model", "a SentencePiece model"),
    ("merges.txt", "a byte-pair encoding in two files"),
    ("bpe.codes", "a byte-pair encoding"),
];

/// Returns the file and the reason why the tokenizer of a folder without `tokenizer.json` cannot be used; `None` if
/// nothing speaks against WordPiece with its `vocab.txt`.
pub(super) fn reason(folder: &Path, config: &TokenizerConfig) -> Option<(PathBuf, String)> {
    let settings = &config.settings;
    let class = settings.tokenizer_class.as_deref().unwrap_or("");
    let word_type = settings.word_tokenizer_type.as_deref().unwrap_or("basic");
    if class.starts_with("BertJapanese") && word_type != "basic" {
        let path = folder.join("tokenizer_config.json");
        return Some((path, separate_words(folder, word_type)));
    }
    if let Some((name, kind)) = OTHER_FILES
        .iter()
        .find(|(name, _)| folder.join(name).exists())
    {
        let reason = format!(
            "the tokenizer is {kind}, and there is no tokenizer.json. Make one with:\n    {}",
            convert(folder)
        );
        return Some((folder.join(name), reason));
    }
    if folder.join("vocab.txt").exists() && !is_wordpiece(class) {
        let reason = format!(
            "the tokenizer is a {}, and there is no tokenizer.json. Make one with:\n    {}",
            Name(class),
            convert(folder)
        );
        return Some((folder.join("tokenizer_config.json"), reason));
    }
    None
}

/// Returns true for the classes whose `vocab.txt` is WordPiece over words as BERT cuts them.
fn is_wordpiece(class: &str) -> bool {
    let known = [
        "",
        "Bert",
        "DistilBert",
        "Electra",
        "MobileBert",
        "LayoutLM",
        "SplinterTokenizer",
        "Retri",
        "PreTrained",
    ];
    let name = class.strip_suffix("Fast").unwrap_or(class);
    known.contains(&name.strip_suffix("Tokenizer").unwrap_or(name))
}

fn convert(folder: &Path) -> String {
    let folder = shell_word(folder);
    format!(
        "python3 -c 'import sys, transformers as t; \
         t.AutoTokenizer.from_pretrained(sys.argv[1], use_fast=True).save_pretrained(sys.argv[1])' {folder}"
    )
}

/// Says what can be done where words are cut by a program with a dictionary, which no `tokenizer.json` can hold.
fn separate_words(folder: &Path, program: &str) -> String {
    format!(
        "the words of a text are cut by {}, which a tokenizer.json cannot hold. Cut the texts into words with \
         spaces between them first (mecab -Owakati), and make a tokenizer.json for such texts with:\n    \
         python3 -c 'import sys, transformers as t; t.BertTokenizerFast.from_pretrained(sys.argv[1], \
         do_lower_case=False, tokenize_chinese_chars=False).backend_tokenizer.save(sys.argv[1] + \
         \"/tokenizer.json\")' {}",
        Name(program),
        shell_word(folder)
    )
}
