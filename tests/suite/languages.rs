//! Languages other than English: from text to search result with vocabularies of accents and capitals.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::runs::files;
use crate::common::{fails, fixtures, ok, script, tiny_model, tool};

/// The letters of Portuguese with their accents apart (NFD), by the letters that they make together (NFC).
const ACCENTS: [(&str, &str); 12] = [
    ("\u{e0}", "a\u{300}"),
    ("\u{e1}", "a\u{301}"),
    ("\u{e2}", "a\u{302}"),
    ("\u{e3}", "a\u{303}"),
    ("\u{e7}", "c\u{327}"),
    ("\u{e9}", "e\u{301}"),
    ("\u{ea}", "e\u{302}"),
    ("\u{ed}", "i\u{301}"),
    ("\u{f3}", "o\u{301}"),
    ("\u{f4}", "o\u{302}"),
    ("\u{f5}", "o\u{303}"),
    ("\u{fa}", "u\u{301}"),
];

fn apart(text: &str) -> String {
    let mut text = text.to_owned();
    for (together, apart) in ACCENTS {
        text = text.replace(together, apart);
        text = text.replace(&together.to_uppercase(), &apart.to_uppercase());
    }
    text
}

/// The lines of a file of the fixtures that are Portuguese.
fn portuguese(name: &str) -> Vec<Value> {
    let text = fs_err::read_to_string(fixtures().join(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let is_ours = |line: &Value| {
        let id = line["_id"].as_str().unwrap();
        id.starts_with("pt-") || ["q23", "q24", "q25"].contains(&id)
    };
    lines.filter(is_ours).collect()
}

/// Words and letters of the Portuguese texts, as they stand there.
fn vocabulary() -> (Vec<String>, Vec<String>) {
    let (mut words, mut letters) = (BTreeSet::new(), BTreeSet::new());
    for record in portuguese("corpus.jsonl")
        .iter()
        .chain(&portuguese("queries.jsonl"))
    {
        for field in ["title", "text"] {
            let text = record[field].as_str().unwrap_or_default();
            letters.extend(text.chars().filter(|c| !c.is_whitespace()));
            let found = text.split(|c: char| !c.is_alphanumeric());
            words.extend(
                found
                    .filter(|word| word.chars().count() > 1)
                    .map(str::to_owned),
            );
        }
    }
    let letters = letters.into_iter().map(String::from).collect();
    (words.into_iter().collect(), letters)
}

/// A cased WordPiece tokenizer that keeps accents, as BERTimbau's; the special tokens come before the terms.
fn cased_tokenizer(terms: &[String]) -> (usize, serde_json::Value) {
    let all: Vec<String> = tiny_model::SPECIAL
        .iter()
        .map(ToString::to_string)
        .chain(terms.iter().cloned())
        .collect();
    let mut tokenizer = tiny_model::tokenizer(&all);
    tokenizer["normalizer"]["lowercase"] = false.into();
    tokenizer["normalizer"]["strip_accents"] = false.into();
    (all.len(), tokenizer)
}

/// A tokenizer of pieces with probabilities after NFKC, as SentencePiece makes them for XLM-RoBERTa.
fn unigram_tokenizer(pieces: &[String]) -> (usize, serde_json::Value) {
    let special = tiny_model::SPECIAL.iter().map(ToString::to_string);
    let vocabulary: Vec<_> = special
        .map(|piece| json!([piece, 0.0]))
        .chain(pieces.iter().map(|piece| {
            let letters = u32::try_from(piece.chars().count()).unwrap();
            json!([piece, -8.0 - 4.0 / f64::from(letters)])
        }))
        .collect();
    let count = vocabulary.len();
    let mut tokenizer = tiny_model::tokenizer(&tiny_model::SPECIAL.map(String::from));
    tokenizer["normalizer"] = json!({"type": "NFKC"});
    tokenizer["pre_tokenizer"] = json!({
        "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true
    });
    tokenizer["model"] =
        json!({"type": "Unigram", "unk_id": 1, "vocab": vocabulary, "byte_fallback": false});
    (count, tokenizer)
}

/// As BERTimbau: words with capitals and accents, else letters.
fn bertimbau(folder: &Path) {
    let (words, letters) = vocabulary();
    let endings = letters.iter().map(|letter| format!("##{letter}"));
    let terms: Vec<String> = words
        .into_iter()
        .chain(letters.clone())
        .chain(endings)
        .collect();
    let (count, tokenizer) = cased_tokenizer(&terms);
    tiny_model::write_with(folder, 5, count, &tokenizer);
}

/// As XLM-RoBERTa: pieces that begin with a mark where a word does.
fn sentencepiece(folder: &Path) {
    let (words, letters) = vocabulary();
    let begun = words.iter().map(|word| format!("\u{2581}{word}"));
    let pieces: Vec<String> = begun
        .chain(["\u{2581}".to_owned()])
        .chain(letters)
        .collect();
    let (count, tokenizer) = unigram_tokenizer(&pieces);
    tiny_model::write_with(folder, 6, count, &tokenizer);
}

/// A model, and the Portuguese part of the fixtures, in a folder.
struct Search {
    dir: TempDir,
}

/// Impacts by term.
type Vector = HashMap<String, u64>;

impl Search {
    fn new(make: fn(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        make(&dir.path().join("model"));
        let search = Self { dir };
        for (name, change) in [("nfc", str::to_owned as fn(&str) -> String), ("nfd", apart)] {
            for file in ["corpus.jsonl", "queries.jsonl"] {
                let lines = portuguese(file).into_iter().map(|mut record| {
                    for field in ["title", "text"] {
                        if let Some(text) = record[field].as_str().map(change) {
                            record[field] = text.into();
                        }
                    }
                    format!("{record}\n")
                });
                fs_err::write(
                    search.at(&format!("{name}-{file}")),
                    lines.collect::<String>(),
                )
                .unwrap();
            }
        }
        search
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn run(&self, command: &str, input: &str, outputs: &[&str]) {
        let mut tool = tool();
        tool.args([command, "--quiet", "--step", "0.01", "--model", "model"]);
        tool.arg(input).args(outputs).current_dir(self.dir.path());
        ok(&mut tool);
    }

    /// Encodes documents and topics in one form of writing.
    fn encode(&self, form: &str) {
        let (output, index) = (format!("{form}-out"), format!("{form}-index"));
        let outputs = ["--output", &output, "--compress", "none", "--index", &index];
        self.run("documents", &format!("{form}-corpus.jsonl"), &outputs);
        let topics = format!("{form}-topics.jsonl");
        let input = format!("{form}-queries.jsonl");
        self.run("topics", &input, &["--output", &topics]);
    }

    fn documents(&self, form: &str) -> HashMap<String, Vector> {
        let parts = files(&self.at(&format!("{form}-out/documents")));
        let text: String = parts
            .iter()
            .map(|(_, bytes)| str::from_utf8(bytes).unwrap())
            .collect();
        vectors(&text, "id")
    }

    fn topics(&self, form: &str) -> HashMap<String, Vector> {
        let text = fs_err::read_to_string(self.at(&format!("{form}-topics.jsonl"))).unwrap();
        vectors(&text, "qid")
    }

    /// Searches with Anserini; the score of each document that is found.
    fn scores(&self, documents: &str, topics: &str) -> HashMap<(String, String), f64> {
        let judgments = "q23 0 pt-01 1\nq24 0 pt-05 1\nq25 0 pt-07 1\n";
        fs_err::write(self.at("qrels"), judgments).unwrap();
        let (index, topics) = (
            format!("{documents}-index"),
            format!("{topics}-topics.jsonl"),
        );
        let mut command = script("evaluate.sh");
        command
            .args(["--index", &index, "--topics", &topics, "--qrels", "qrels"])
            .args(["--run", "run.txt", "--searcher", "anserini", "--overwrite"])
            .current_dir(self.dir.path());
        ok(&mut command);
        let run = fs_err::read_to_string(self.at("run.txt")).unwrap();
        let fields = run.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        fields
            .map(|f| ((f[0].to_owned(), f[2].to_owned()), f[4].parse().unwrap()))
            .collect()
    }
}

fn vectors(text: &str, id: &str) -> HashMap<String, Vector> {
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| {
            let vector = serde_json::from_value(line["vector"].clone()).unwrap();
            (line[id].as_str().unwrap().to_owned(), vector)
        })
        .collect()
}

/// What a search must find: the product of impacts of a topic and a document.
fn products(
    documents: &HashMap<String, Vector>,
    topics: &HashMap<String, Vector>,
) -> HashMap<(String, String), f64> {
    let mut products = HashMap::new();
    for (qid, query) in topics {
        for (docid, document) in documents {
            let product: u64 = query
                .iter()
                .map(|(term, impact)| impact * document.get(term).unwrap_or(&0))
                .sum();
            if product > 0 {
                let product = u32::try_from(product).unwrap().into();
                products.insert((qid.clone(), docid.clone()), product);
            }
        }
    }
    products
}

/// The tokens of a text, as terms.
fn tokens(model: &Path, text: &str) -> Vec<String> {
    let mut command = tool();
    command
        .args(["explain", text, "--json", "--model"])
        .arg(model);
    let explanation: Value = serde_json::from_str(&ok(&mut command)).unwrap();
    serde_json::from_value(explanation["tokens"].clone()).unwrap()
}

#[test]
fn a_cased_vocabulary_with_accents_is_searched_as_it_was_encoded() {
    let search = Search::new(bertimbau);
    let model = search.at("model");
    assert_eq!(
        tokens(&model, "rem\u{e9}dio para dor de cabe\u{e7}a"),
        ["rem\u{e9}dio", "para", "dor", "de", "cabe\u{e7}a"]
    );
    // A capital and an accent make another term: this vocabulary has neither of these words.
    assert_ne!(tokens(&model, "Cabe\u{e7}a"), ["cabe\u{e7}a"]);
    assert_ne!(tokens(&model, "cabeca"), ["cabe\u{e7}a"]);
    for form in ["nfc", "nfd"] {
        search.encode(form);
        let (documents, topics) = (search.documents(form), search.topics(form));
        assert_eq!((documents.len(), topics.len()), (16, 3));
        let terms: BTreeSet<&String> = documents.values().flat_map(Vector::keys).collect();
        assert!(terms.iter().any(|term| term.contains('\u{e7}')));
        let expected = products(&documents, &topics);
        assert!(expected.len() > 20);
        assert_eq!(search.scores(form, form), expected, "{form}");
    }
    // Such a tokenizer joins no accents, as transformers' does not: texts have to be written in one form.
    assert_ne!(search.documents("nfd"), search.documents("nfc"));
    let split = tokens(&model, &apart("cabe\u{e7}a"));
    assert_ne!(split, ["cabe\u{e7}a"]);
}

#[test]
fn a_sentencepiece_vocabulary_takes_both_forms_of_writing_for_one() {
    let search = Search::new(sentencepiece);
    let model = search.at("model");
    let text = "rem\u{e9}dio para dor de cabe\u{e7}a";
    let expected = [
        "\u{2581}rem\u{e9}dio",
        "\u{2581}para",
        "\u{2581}dor",
        "\u{2581}de",
        "\u{2581}cabe\u{e7}a",
    ];
    assert_eq!(tokens(&model, text), expected);
    assert_eq!(tokens(&model, &apart(text)), expected);
    search.encode("nfc");
    search.encode("nfd");
    assert_eq!(search.documents("nfd"), search.documents("nfc"));
    assert_eq!(search.topics("nfd"), search.topics("nfc"));
    let expected = products(&search.documents("nfc"), &search.topics("nfc"));
    assert!(expected.len() > 20);
    // Topics in one form find documents in the other.
    assert_eq!(search.scores("nfc", "nfd"), expected);
}

/// What no program here can compute is refused, with what to do.
#[test]
fn models_of_other_kinds_are_refused_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str, files: &[(&str, &str)]| {
        let folder = dir.path().join(name);
        tiny_model::write(&folder, 1);
        for (file, text) in files {
            if text.is_empty() {
                fs_err::remove_file(folder.join(file)).unwrap();
            } else {
                fs_err::write(folder.join(file), text).unwrap();
            }
        }
        fails(1, tool().args(["explain", "x", "--model"]).arg(folder))
    };
    let message = refused("qwen", &[("config.json", r#"{"model_type": "qwen3"}"#)]);
    assert!(
        message.contains("qwen3") && message.contains("An ONNX export of the model"),
        "{message}"
    );
    let mecab = r#"{"tokenizer_class": "BertJapaneseTokenizer", "word_tokenizer_type": "mecab"}"#;
    let message = refused(
        "japanese",
        &[("tokenizer.json", ""), ("tokenizer_config.json", mecab)],
    );
    assert!(message.contains("make a tokenizer.json"), "{message}");
}
