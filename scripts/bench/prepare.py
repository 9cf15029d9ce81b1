"""Lays out a checkpoint for the peers: as sentence-transformers loads it, and exported for its other backends.

Usage: prepare.py MODEL FOLDER
Makes FOLDER/torch (links and a tokenizer_config.json), FOLDER/onnx and FOLDER/openvino.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

from optimum.intel import OVModelForMaskedLM
from optimum.onnxruntime import ORTModelForMaskedLM

# What sentence-transformers needs beside tokenizer.json, which has the rest.
TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
    "model_max_length": 512,
}


def main(model, folder):
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    torch_folder = unfinished / "torch"
    torch_folder.mkdir(parents=True)
    kind = json.loads((model / "config.json").read_text())["model_type"]
    inputs = ["input_ids", "attention_mask"] + (["token_type_ids"] if kind == "bert" else [])
    config = json.dumps({**TOKENIZER_CONFIG, "model_input_names": inputs})
    for file in model.iterdir():
        (torch_folder / file.name).symlink_to(file.resolve())
    for name, exporter in (("onnx", ORTModelForMaskedLM), ("openvino", OVModelForMaskedLM)):
        exporter.from_pretrained(str(torch_folder), export=True).save_pretrained(unfinished / name)
        shutil.copy(model / "tokenizer.json", unfinished / name)
    for each in unfinished.iterdir():
        (each / "tokenizer_config.json").write_text(config)
    unfinished.rename(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
