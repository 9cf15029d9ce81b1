//! The demo model in every form that torch saves, against its safetensors file: the same bytes of collection.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{fails, fixtures, model_folder, ok, tool};

/// Makes a folder for each form in argv[2] from the model in argv[1], and prints their names.
const MAKE: &str = r#"
import json, os, shutil, sys, torch
from safetensors.torch import load_file
model, out = sys.argv[1:]
state = load_file(f"{model}/model.safetensors")
words = "bert.embeddings.word_embeddings.weight"
def folder(name, files=("config.json", "tokenizer.json")):
    path = f"{out}/{name}"
    os.makedirs(path)
    for file in files: shutil.copy(f"{model}/{file}", path)
    print(name)
    return path
def save(name, value, file="pytorch_model.bin", **options):
    torch.save(value, f"{folder(name)}/{file}", **options)
save("zip", state)
save("protocol-4", state, pickle_protocol=4)
save("legacy", state, _use_new_zipfile_serialization=False)
save("nested", {"epoch": 1, "state_dict": state, "args": {"lr": 1e-3}})
save("parameters", {k: torch.nn.Parameter(v) for k, v in state.items() if v.is_floating_point()})
save("transposed", {k: v.t().contiguous().t() if v.dim() == 2 else v for k, v in state.items()})
save("legacy-views", {k: torch.cat([v.flatten(), v.flatten()])[v.numel():].view(v.shape) for k, v in state.items()},
     _use_new_zipfile_serialization=False)
save("double", {k: v.double() if v.is_floating_point() else v for k, v in state.items()})
path = folder("sharded")
names = list(state)
shards = {"pytorch_model-00001-of-00002.bin": names[::2], "pytorch_model-00002-of-00002.bin": names[1::2]}
for shard, part in shards.items(): torch.save({k: state[k] for k in part}, f"{path}/{shard}")
index = {"metadata": {}, "weight_map": {k: shard for shard, part in shards.items() for k in part}}
json.dump(index, open(f"{path}/pytorch_model.bin.index.json", "w"))
path = folder("both")
shutil.copy(f"{model}/model.safetensors", path)
open(f"{path}/pytorch_model.bin", "w").write("never read")
path = folder("vocabulary", ("config.json", "model.safetensors"))
vocab = json.load(open(f"{model}/tokenizer.json"))["model"]["vocab"]
open(f"{path}/vocab.txt", "w", encoding="utf-8").write("".join(t + "\n" for t in sorted(vocab, key=vocab.get)))
json.dump({"do_lower_case": True}, open(f"{path}/tokenizer_config.json", "w"))
"#;

/// Makes a file that would leave a trace if it were run.
const HOSTILE: &str = r#"
import sys, torch
class Evil:
    def __reduce__(self):
        return (open, (sys.argv[1] + "/ran", "w"))
torch.save({"x": torch.zeros(1), "evil": Evil()}, sys.argv[1] + "/pytorch_model.bin")
"#;

/// Makes files of the model in argv[1] that are refused, in folders of argv[2], whose names are printed.
const REFUSED: &str = r#"
import os, shutil, sys, torch
from safetensors.torch import load_file
model, out = sys.argv[1:]
state = load_file(f"{model}/model.safetensors")
class Trainer: pass
sys.modules["mine"] = type(sys)("mine"); sys.modules["mine"].Trainer = Trainer; Trainer.__module__ = "mine"
sparse = {k: v.to_sparse() if k == "bert.embeddings.position_embeddings.weight" else v for k, v in state.items()}
for name, value in {"object": {"state_dict": state, "trainer": Trainer()}, "sparse": sparse}.items():
    os.makedirs(f"{out}/{name}")
    for file in ("config.json", "tokenizer.json"): shutil.copy(f"{model}/{file}", f"{out}/{name}")
    torch.save(value, f"{out}/{name}/pytorch_model.bin")
    print(name)
"#;

/// Saves the state dict of argv[1]/`pytorch_model.bin` alone, as safetensors.
const SAVE_AGAIN: &str = r#"
import sys, torch
from safetensors.torch import save_file
sys.modules["mine"] = type(sys)("mine"); sys.modules["mine"].Trainer = type("Trainer", (), {})
value = torch.load(f"{sys.argv[1]}/pytorch_model.bin", weights_only=False)
value = value.get("state_dict", value)
save_file({k: v.to_dense() if v.is_sparse else v for k, v in value.items()}, f"{sys.argv[1]}/model.safetensors")
"#;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|path| !path.is_empty());
    if python.is_none() {
        eprintln!("skipped: there is no Python with torch");
    }
    python.map(PathBuf::from)
}

fn collection(model: &Path, output: &Path) -> Vec<u8> {
    ok(tool()
        .args([
            "documents",
            "--quiet",
            "--threads",
            "1",
            "--compress",
            "none",
            "--output",
        ])
        .arg(output)
        .arg("--model")
        .arg(model)
        .arg(fixtures().join("corpus.jsonl")));
    std::fs::read(output.join("documents/part-00000.jsonl")).unwrap()
}

#[test]
fn every_form_gives_the_same_collection() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("made");
    let names = ok(Command::new(python)
        .args(["-c", MAKE])
        .arg(model_folder())
        .arg(&made));
    let expected = collection(&model_folder(), &dir.path().join("expected"));
    assert!(expected.len() > 1000);
    assert_eq!(names.lines().count(), 11, "{names}");
    for name in names.lines() {
        let found = collection(&made.join(name), &dir.path().join(format!("out-{name}")));
        assert!(found == expected, "{name}: the collection differs");
    }
}

#[test]
fn a_hostile_file_ends_in_an_error_and_is_not_run() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(model_folder().join(file), dir.path().join(file)).unwrap();
    }
    ok(Command::new(python).args(["-c", HOSTILE]).arg(dir.path()));
    let message = fails(1, tool().args(["explain", "x", "--model"]).arg(dir.path()));
    assert!(
        message.contains("io.open") && message.contains("Nothing of the file was run"),
        "{message}"
    );
    assert!(!dir.path().join("ran").exists());
}

#[test]
fn what_is_advised_about_a_file_of_torch_works() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("made");
    let names = ok(Command::new(&python)
        .args(["-c", REFUSED])
        .arg(model_folder())
        .arg(&made));
    let expected = collection(&model_folder(), &dir.path().join("expected"));
    assert_eq!(names.lines().count(), 2, "{names}");
    for name in names.lines() {
        let model = made.join(name);
        let message = fails(1, tool().args(["explain", "x", "--model"]).arg(&model));
        assert!(
            message.contains("save its state dict alone, as safetensors"),
            "{name}: {message}"
        );
        ok(Command::new(&python).args(["-c", SAVE_AGAIN]).arg(&model));
        let found = collection(&model, &dir.path().join(format!("out-{name}")));
        assert!(found == expected, "{name}: the collection differs");
    }

    // A file that was cut is fetched again.
    let model = made.join("sparse");
    fs_err::remove_file(model.join("model.safetensors")).unwrap();
    let file = model.join("pytorch_model.bin");
    let whole = fs_err::read(&file).unwrap();
    fs_err::write(&file, &whole[..whole.len() / 2]).unwrap();
    let message = fails(1, tool().args(["explain", "x", "--model"]).arg(&model));
    assert!(message.contains("fetch it again"), "{message}");
    fs_err::write(&file, &whole).unwrap();
    let message = fails(1, tool().args(["explain", "x", "--model"]).arg(&model));
    assert!(!message.contains("fetch"), "{message}");
}
