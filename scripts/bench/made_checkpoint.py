"""Makes a checkpoint of a real model's size with random weights, for measuring speed alone.

Usage: made_checkpoint.py SIZE CORPUS TOKENIZER FOLDER
  SIZE       distilbert (6 layers), bert-base (12) or modernbert (22), all 768 wide, with the tokenizer's vocabulary; for
             modernbert it is filled up to the 50,368 terms of ModernBERT-base
  CORPUS     JSON Lines with title and text, for the calibration
  TOKENIZER  the tokenizer.json to use

Random weights make no retrieval model, but they cost the same arithmetic. What a SPLADE model's speed does depend on is
how many columns are active, so the decoder's biases are set: each column gets its own distance from zero, as terms are
common and rare, and all together are moved until 1 % of the columns is active in a text of 256 tokens.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from tokenizers import Tokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
)

ACTIVE = 0.01
LENGTH = 256
TEXTS = 64
MODERNBERT_TERMS = 50_368
# Of the columns' distances from zero, in logits: terms of a real model differ by a few.
SPREAD = 1.5
# Of the word embeddings: with 768 values of size 1 behind the last norm, a logit's deviation is about 2.
EMBEDDING = 0.07


def new_model(size, vocabulary):
    torch.manual_seed(1)
    if size == "distilbert":
        model = DistilBertForMaskedLM(DistilBertConfig(vocab_size=vocabulary))
        words, bias = model.distilbert.embeddings.word_embeddings, model.vocab_projector.bias
    elif size == "modernbert":
        model = ModernBertForMaskedLM(ModernBertConfig(vocab_size=vocabulary))
        words, bias = model.model.embeddings.tok_embeddings, model.decoder.bias
    else:
        model = BertForMaskedLM(BertConfig(vocab_size=vocabulary))
        words, bias = model.bert.embeddings.word_embeddings, model.cls.predictions.decoder.bias
    torch.nn.init.normal_(words.weight, std=EMBEDDING)
    return model.eval(), bias


def calibration_texts(corpus, tokenizer):
    """Rows of exactly LENGTH tokens, joined from the corpus's texts from different starts on."""
    records = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    texts = [f"{record.get('title', '')} {record['text']}" for record in records]
    tokenizer.enable_truncation(LENGTH)
    count = min(TEXTS, len(texts))
    rows = []
    for i in range(count):
        start = i * len(texts) // count
        ids = tokenizer.encode(" ".join((texts[start:] + texts[:start])[:LENGTH])).ids
        assert len(ids) == LENGTH, f"{corpus} has too little text"
        rows.append(ids)
    return torch.tensor(rows)


def calibrate(model, bias, rows):
    """Sets the decoder's biases and returns the share of active columns."""
    with torch.no_grad():
        bias.zero_()
        largest = torch.cat([model(input_ids=row[None]).logits.amax(1) for row in rows])
        distance = SPREAD * torch.randn(bias.shape, generator=torch.Generator().manual_seed(2))
        centered = largest - largest.mean(0) + distance
        threshold = centered.flatten().kthvalue(round((1 - ACTIVE) * centered.numel())).values
        bias.copy_(distance - threshold - largest.mean(0))
        return (largest + bias > 0).float().mean().item()


def tokenizer_of(size, file):
    """The description of a tokenizer with as many terms as a model of this size has."""
    described = json.loads(file.read_text(encoding="utf-8"))
    terms = described["model"]["vocab"]
    if size == "modernbert":
        terms |= {f"[filler{i}]": i for i in range(len(terms), MODERNBERT_TERMS)}
    return json.dumps(described, ensure_ascii=False)


def main(size, corpus, tokenizer_file, folder):
    described = tokenizer_of(size, tokenizer_file)
    tokenizer = Tokenizer.from_str(described)
    model, bias = new_model(size, tokenizer.get_vocab_size())
    share = calibrate(model, bias, calibration_texts(corpus, tokenizer))
    # Moved into place when it is whole.
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished)
    (unfinished / "tokenizer.json").write_text(described, encoding="utf-8")
    unfinished.rename(folder)
    print(f"{size}: {sum(p.numel() for p in model.parameters()) / 1e6:.0f} M parameters, {share:.2%} active")


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:5]))
