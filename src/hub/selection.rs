//! Which files of a repository a model needs.

/// Small files that say what a model is.
const SMALL: [&str; 21] = [
    "README.md",
    "added_tokens.json",
    "config.json",
    "config_sentence_transformers.json",
    "idf.json",
    "modules.json",
    "query_token_weights.txt",
    "router_config.json",
    "sentence_bert_config.json",
    "sparse_linear.pt",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "sentence_albert_config.json",
    "sentence_camembert_config.json",
    "sentence_distilbert_config.json",
    "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
    "LICENSE",
];
/// Files of tokenizers that are not read: a message names them.
const OTHER_TOKENIZERS: [&str; 5] = [
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
];

/// Returns the needed ones of a repository's files, small ones first; `None` if there are no weights.
///
/// In the repository's own folder, and in each that sentence-transformers makes for a module, one kind of weights is
/// taken: safetensors, else `pytorch_model.bin`, else an ONNX export.
pub(super) fn needed(files: &[String]) -> Option<Vec<String>> {
    let mut folders: Vec<&str> = files
        .iter()
        .filter_map(|file| module_folder(file))
        .collect();
    folders.push("");
    folders.sort_unstable();
    folders.dedup();
    let (mut small, mut weights) = (Vec::new(), Vec::new());
    for folder in folders {
        let inside: Vec<&str> = files
            .iter()
            .filter_map(|file| file.strip_prefix(folder))
            .collect();
        let full = |name: &&str| format!("{folder}{name}");
        small.extend(small_files(&inside).iter().map(full));
        weights.extend(weight_files(&inside).iter().map(full));
    }
    if weights.is_empty() {
        return None;
    }
    small.extend(weights);
    Some(small)
}

/// Returns the folder of a module with its slash, if the file lies in one: `1_SpladePooling/`,
/// `document_0_MLMTransformer/`.
fn module_folder(file: &str) -> Option<&str> {
    let folder = &file[..=file.find('/')?];
    let name = folder
        .strip_prefix("query_")
        .or_else(|| folder.strip_prefix("document_"))
        .unwrap_or(folder);
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0 && name[digits..].starts_with('_')).then_some(folder)
}

fn small_files<'a>(files: &[&'a str]) -> Vec<&'a str> {
    let has_tokenizer = files.contains(&"tokenizer.json");
    let wanted =
        |file: &&&str| SMALL.contains(*file) || !has_tokenizer && OTHER_TOKENIZERS.contains(*file);
    files.iter().filter(wanted).copied().collect()
}

fn weight_files<'a>(files: &[&'a str]) -> Vec<&'a str> {
    let these = |wanted: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        files.iter().filter(|file| wanted(file)).copied().collect()
    };
    let has = |name: &str| files.contains(&name);
    for (stem, end) in [("model", ".safetensors"), ("pytorch_model", ".bin")] {
        let whole = format!("{stem}{end}");
        if has(&whole) {
            return these(&|file| file == whole);
        }
        let index = format!("{whole}.index.json");
        if has(&index) {
            return these(&|file| file == index || is_shard(file, stem, end));
        }
    }
    for name in ["model.onnx", "onnx/model.onnx"] {
        if has(name) {
            return these(&|file| file == name || is_external_data(file, name));
        }
    }
    // An export under a name of its own, if it is the only one.
    match these(&|file| !file.contains('/') && file.ends_with(".onnx"))[..] {
        [name] => these(&|file| file == name || is_external_data(file, name)),
        _ => Vec::new(),
    }
}

/// Returns true for `model-00001-of-00002.safetensors`.
fn is_shard(file: &str, stem: &str, end: &str) -> bool {
    let middle = file
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(end));
    middle.is_some_and(|middle| {
        middle.starts_with('-') && middle.contains("-of-") && !middle.contains('/')
    })
}

/// Returns true for the values of an ONNX file: `model.onnx_data`, `model.onnx.data`.
fn is_external_data(file: &str, onnx: &str) -> bool {
    let rest = file.strip_prefix(onnx);
    rest.is_some_and(|rest| matches!(rest, "_data" | ".data") || rest.starts_with("_data_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], expected: &[&str]) {
        let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
        let needed = needed(&files);
        assert_eq!(needed.unwrap_or_default(), expected);
    }

    #[test]
    fn takes_one_kind_of_weights() {
        let all = [
            ".gitattributes",
            "README.md",
            "config.json",
            "model.safetensors",
            "onnx/model.onnx",
            "pytorch_model.bin",
            "tf_model.h5",
            "tokenizer.json",
            "vocab.txt",
            "1_SpladePooling/config.json",
            "openvino/openvino_model.bin",
            "query_0_SparseStaticEmbedding/model.safetensors",
            "images/config.json",
        ];
        check(
            &all,
            &[
                "README.md",
                "config.json",
                "tokenizer.json",
                "vocab.txt",
                "1_SpladePooling/config.json",
                "model.safetensors",
                "query_0_SparseStaticEmbedding/model.safetensors",
            ],
        );
        check(
            &["config.json", "pytorch_model.bin", "spiece.model"],
            &["config.json", "spiece.model", "pytorch_model.bin"],
        );
        check(
            &[
                "onnx/model.onnx",
                "onnx/model.onnx_data",
                "onnx/model_O4.onnx",
            ],
            &["onnx/model.onnx", "onnx/model.onnx_data"],
        );
        check(&["splade.onnx", "vocab.txt"], &["vocab.txt", "splade.onnx"]);
        check(&["config.json", "README.md"], &[]);
    }

    #[test]
    fn takes_all_shards() {
        check(
            &[
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
                "pytorch_model.bin.index.json",
                "pytorch_model-00001-of-00001.bin",
            ],
            &[
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
                "model.safetensors.index.json",
            ],
        );
    }

    #[test]
    fn takes_the_modules_of_a_router() {
        check(
            &[
                "modules.json",
                "router_config.json",
                "document_0_MLMTransformer/config.json",
                "document_0_MLMTransformer/model.safetensors",
                "document_0_MLMTransformer/onnx/model.onnx",
                "document_1_SpladePooling/config.json",
                "query_0_IDF/idf.json",
            ],
            &[
                "modules.json",
                "router_config.json",
                "document_0_MLMTransformer/config.json",
                "document_1_SpladePooling/config.json",
                "query_0_IDF/idf.json",
                "document_0_MLMTransformer/model.safetensors",
            ],
        );
    }
}
