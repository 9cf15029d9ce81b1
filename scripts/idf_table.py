"""Makes a table of query weights from a corpus: how rare each token is in it.

Usage: idf_table.py MODEL CORPUS FILE
  MODEL   a model's folder, whose tokenizer.json is used
  CORPUS  JSON Lines with title and text, read whole
  FILE    idf.json to write, for `topics --query-weights FILE` or for the model's folder; must not exist

A token in n of N documents weighs ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25 (Robertson and Zaragoza, 2009, with the 1
that Lucene adds so that no weight is negative). Needs the Python package tokenizers.
"""

import json
import math
import sys
from collections import Counter
from pathlib import Path

from tokenizers import Tokenizer


def texts(corpus):
    with open(corpus, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            yield " ".join(part for part in (record.get("title"), record.get("text")) if part)


def main(model, corpus, table):
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    counts, documents = Counter(), 0
    for text in texts(corpus):
        counts.update(set(tokenizer.encode(text, add_special_tokens=False).ids))
        documents += 1
    rarity = {token: math.log1p((documents - n + 0.5) / (n + 0.5)) for token, n in counts.items()}
    weights = {tokenizer.id_to_token(token): round(rarity[token], 6) for token in sorted(rarity)}
    with open(table, "x", encoding="utf-8") as file:
        json.dump(weights, file, ensure_ascii=False, indent=0)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*map(Path, sys.argv[1:]))
    except OSError as error:
        sys.exit(f"error: {error.filename}: {error.strerror}")
