"""Lays out a checkpoint for the peers: as sentence-transformers loads it, and exported for its other backends.

Usage: prepare.py MODEL FOLDER BACKEND...
Makes FOLDER/torch (links and a tokenizer_config.json), and FOLDER/onnx and FOLDER/openvino if they are asked for. What is
there already stays.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

# What sentence-transformers needs beside tokenizer.json, which has the rest.
TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def lay_out(model, folder):
    """The checkpoint as torch loads it."""
    for file in model.iterdir():
        (folder / file.name).symlink_to(file.resolve())


def export(torch_folder, folder, backend):
    # optimum takes seconds to load, and not every environment has it.
    if backend == "onnx":
        from optimum.onnxruntime import ORTModelForMaskedLM as Exporter
    else:
        from optimum.intel import OVModelForMaskedLM as Exporter
    Exporter.from_pretrained(str(torch_folder), export=True).save_pretrained(folder)
    shutil.copy(torch_folder / "tokenizer.json", folder)


def main(model, folder, backends):
    config = json.loads((model / "config.json").read_text())
    inputs = ["input_ids", "attention_mask"] + (["token_type_ids"] if config["model_type"] == "bert" else [])
    most = config["max_position_embeddings"]
    tokenizer = {**TOKENIZER_CONFIG, "model_max_length": most, "model_input_names": inputs}
    for backend in ["torch", *backends]:
        if (folder / backend).exists():
            continue
        unfinished = folder / f"{backend}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        if backend == "torch":
            lay_out(model, unfinished)
        else:
            export(folder / "torch", unfinished, backend)
        (unfinished / "tokenizer_config.json").write_text(json.dumps(tokenizer))
        unfinished.rename(folder / backend)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), sys.argv[3:])
