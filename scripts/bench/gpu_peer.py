"""Measures sentence-transformers on a GPU in half precision, warm, in one process; gpu_rates.py calls it.

Usage: gpu_peer.py SETTINGS.json
SETTINGS has: model (a folder that prepare.py made, its `torch`), corpus (JSON Lines with text), device, lengths, batches,
documents (of 256 tokens; of others in proportion) and result, the file to write: for each length the rate at the best batch.
"""

import json
import os
import random
import re
import sys
import time
from statistics import median

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import sentence_transformers
import torch
from sentence_transformers import SparseEncoder
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sparse_encoder.modules import SpladePooling

COUNTED_LENGTH = 256
REPETITIONS = 2


def main(path):
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    on_gpu = settings["device"] != "cpu"
    with open(settings["corpus"], encoding="utf-8") as file:
        words = re.findall(r"\w+", " ".join(json.loads(line)["text"] for line in file))
    options = {"model_kwargs": {"dtype": torch.float16 if on_gpu else torch.float32}}
    transformer = Transformer(settings["model"], transformer_task="fill-mask", max_seq_length=512, **options)
    model = SparseEncoder(modules=[transformer, SpladePooling("max")], device=settings["device"]).eval()
    choose, found = random.Random(1), {}
    for length in settings["lengths"]:
        model.max_seq_length = length
        count = max(1, settings["documents"] * COUNTED_LENGTH // length)
        texts = [" ".join(choose.choices(words, k=length)) for _ in range(count)]
        rates = {}
        for batch in settings["batches"]:
            model.encode(texts[: 2 * batch], batch_size=batch, show_progress_bar=False)
            seconds = []
            for _ in range(REPETITIONS):
                started = time.perf_counter()
                weights = model.encode(texts, batch_size=batch, show_progress_bar=False)
                if on_gpu:
                    torch.cuda.synchronize()
                seconds.append(time.perf_counter() - started)
                del weights
            rates[batch] = count / median(seconds)
        best = max(rates, key=rates.get)
        found[str(length)] = {
            "documents_per_second": rates[best],
            "batch": best,
            "rates": rates,
            "memory_mb": torch.cuda.max_memory_reserved() / 1e6 if on_gpu else None,
            "version": f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}",
        }
        with open(settings["result"], "w", encoding="utf-8") as file:
            json.dump(found, file)


if __name__ == "__main__":
    main(sys.argv[1])
