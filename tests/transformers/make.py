"""Makes small random checkpoints and their SPLADE weights by Hugging Face transformers.

Usage: make.py CORPUS FOLDER
For each checkpoint, FOLDER/NAME has config.json, the safetensors files, tokenizer.json and reference.json:
  max_length   tokens a text, special ones included
  given        whether that is to be asked for, or is the default
  tokens       of all texts together
  token_weights  whether each token has one weight
  aggregations   those that the model allows
  documents    {docid: {"max": {term: weight}, "sum": {term: weight}}}
  queries      {docid: {term: weight}}, the texts as queries; null where they are not compared
The weights are those of the checkpoint as it was saved and loaded again, computed a text at a time: in float32 by
transformers, or in float64 by `new.py`.
"""

import json
import os
import sys
from pathlib import Path

# There is none here, and torch must not look for one.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"
sys.dont_write_bytecode = True

import layouts
import new
import torch
from architectures import CHECKPOINTS, CLASSES, build
from new import New
from tokenizer import TRAINERS
from transformers.utils import logging

TEXTS = 24


def read(corpus):
    """Some ordinary texts, one that is cut at the limit, and what tokenizers stumble over."""
    records = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    texts = [f"{record['title']} {record['text']}" for record in records]
    documents = {f"text-{i}": text for i, text in enumerate(texts[:: len(texts) // TEXTS])}
    documents |= {f"title-{i}": record["title"] for i, record in enumerate(records[:6]) if record["title"]}
    documents |= {
        # Begins as no other does: cut at the limit it must not be one of them.
        "long": "Everything at once: " + " ".join(texts[:8]),
        "one-word": "heart",
        "unknown": "Ωμέγα 日本語 🙂 naïve café",
        "spaces": "  two  spaces\tand a tab ",
        # Tokens that the tokenizer has for its own use, in a text.
        "padding": f"padding <pad> inside <pad> of a text [PAD] and {records[0]['title']}",
    }
    return texts, documents


def term(tokenizer, column):
    """How a column is named in a collection: as its token, unless white space would break that."""
    token = tokenizer.id_to_token(column)
    return token if token and not any(c.isspace() for c in token) else f"[id:{column}]"


def logits_by_transformers(folder, spec):
    """Returns the configuration, and the logits of a text's tokens."""
    model = CLASSES[spec["kind"]][1].from_pretrained(layouts.transformer(folder, spec), dtype=torch.float32).eval()
    if spec["layout"] == "token-weights":
        return model.config.to_dict(), layouts.logits_of_token_weights(folder, model)

    def logits(ids):
        ids = torch.tensor([ids])
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].double()

    return model.config.to_dict(), logits


def logits_by_numpy(folder):
    model = New(folder)
    return model.config, lambda ids: torch.from_numpy(model.logits(ids))


def second_model(folder, spec, columns, seed, tokenizer):
    """Another model of another architecture, for queries."""
    second = {**spec, "kind": "bert", "config": {}}
    model = build(second, columns, seed)
    model.save_pretrained(folder)
    (folder / "model.safetensors").unlink()
    layouts.save_pickled(folder, model, second)
    tokenizer.save(str(folder / "tokenizer.json"))
    return CLASSES["bert"][1].from_pretrained(folder, dtype=torch.float32).eval()


def by_model(tokenizer, terms, documents, logits):
    """The texts as queries of a model: the maximum over tokens."""
    queries = {}
    for docid, text in documents.items():
        row = torch.log1p(torch.relu(logits(tokenizer.encode(text).ids))).amax(0).tolist()
        queries[docid] = {terms[column]: weight for column, weight in enumerate(row) if weight > 0}
    return queries


def by_table(tokenizer, terms, documents, weigh):
    """The texts as queries of a table: each different token once, of the first 512. `weigh` has a column's weight."""
    queries = {}
    for docid, text in documents.items():
        columns = set(tokenizer.encode(text, add_special_tokens=False).ids[:512])
        weights = {terms[column]: weigh(column) for column in columns}
        queries[docid] = {term: weight for term, weight in weights.items() if weight > 0}
    return queries


def queries_of(folder, spec, seed, tokenizer, terms, documents, documents_by_max):
    if spec["queries"] == "ones":
        return by_table(tokenizer, terms, documents, lambda column: 1.0)
    if spec["queries"] == "table":
        layouts.save_table(folder, spec, tokenizer)
        return by_table(tokenizer, terms, documents, layouts.table_weight)
    if spec["queries"] == "second":
        place = folder / layouts.QUERY_MODEL
        model = second_model(place, spec, len(terms), seed + 1000, tokenizer)

        def logits(ids):
            with torch.no_grad():
                return model(input_ids=torch.tensor([ids])).logits[0].double()

        tokenizer.enable_truncation(model.config.max_position_embeddings)
        queries = by_model(tokenizer, terms, documents, logits)
        tokenizer.no_truncation()
        return queries
    return documents_by_max if spec["queries"] == "same" else None


def reference(folder, spec, seed, tokenizer, documents):
    config, logits = logits_by_numpy(folder) if spec["own"] else logits_by_transformers(folder, spec)
    offset = config["pad_token_id"] + 1 if "roberta" in spec["kind"] or spec["kind"] == "camembert" else 0
    default = spec["stated_length"] or min(512, config["max_position_embeddings"] - offset)
    max_length = spec["max_length"] or default
    tokenizer.enable_truncation(max_length)
    terms = [term(tokenizer, column) for column in range(config["vocab_size"])]
    tokens = 0
    weights = {}
    for docid, text in documents.items():
        ids = tokenizer.encode(text).ids
        tokens += len(ids)
        each = torch.log1p(torch.relu(logits(ids)))
        if spec["activation"] == "log1p_relu":
            each = torch.log1p(each)
        weights[docid] = {
            aggregation: {terms[column]: weight for column, weight in enumerate(row.tolist()) if weight > 0}
            for aggregation, row in (("max", each.amax(0)), ("sum", each.sum(0)))
        }
    tokenizer.no_truncation()
    given = bool(spec["max_length"])
    single = spec["layout"] == "token-weights"
    by_max = {docid: of_text["max"] for docid, of_text in weights.items()}
    return {
        "max_length": max_length,
        "given": given,
        "tokens": tokens,
        "documents": weights,
        "token_weights": single,
        "aggregations": ["max"] if single or spec["activation"] != "relu" else ["max", "sum"],
        "query_weights": "ones" if spec["queries"] == "ones" else "auto",
        "queries": queries_of(folder, spec, seed, tokenizer, terms, documents, by_max),
    }


def save(folder, model, spec):
    model = model.to(spec["dtype"])
    if not spec["own"]:
        model.save_pretrained(folder, **({"max_shard_size": spec["shard"]} if spec["shard"] else {}))
        return
    new.save(folder, model, spec["own"])
    if "rope_scaling" not in spec["own"]:
        # Without scaling transformers computes the same, so that NumPy is checked too.
        ids = list(range(40))
        with torch.no_grad():
            expected = model(input_ids=torch.tensor([ids])).logits[0].numpy()
        assert abs(New(folder).logits(ids) - expected).max() < 1e-3


def make(name, spec, seed, texts, documents, out):
    folder = out / name
    tokenizer, spec["pad_id"] = TRAINERS[spec["kind"]](texts, spec["pad"])
    model = build(spec, tokenizer.get_vocab_size() + spec["extra_columns"], seed)
    here = layouts.transformer(folder, spec)
    save(here, model, spec)
    layouts.finish(folder, spec, model)
    layouts.save_tokenizer(here, spec, tokenizer)
    shards = len(list(here.glob("*.safetensors")))
    assert (shards > 1) == bool(spec["shard"]), f"{name}: {shards} files"
    with open(folder / "reference.json", "w", encoding="utf-8") as file:
        json.dump(reference(folder, spec, seed, tokenizer, documents), file, ensure_ascii=False)


def main(corpus, out):
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(2)
    texts, documents = read(corpus)
    out.mkdir(parents=True)
    with open(out / "corpus.jsonl", "w", encoding="utf-8") as file:
        for docid, text in documents.items():
            file.write(json.dumps({"id": docid, "text": text}, ensure_ascii=False) + "\n")
    for seed, (name, spec) in enumerate(CHECKPOINTS.items()):
        make(name, spec, seed, texts, documents, out)
        print(name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
