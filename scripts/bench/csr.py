"""Times encode_csr against the command documents: csr.py CORPUS MODEL REPETITIONS, with the package installed."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from splade_export import SpladeEncoder

THREADS = 8
# What each of the threads encodes.
TEXTS = 200


def command(corpus, model):
    """Return the seconds from the first document read to the last byte written."""
    with tempfile.TemporaryDirectory() as folder:
        timings = Path(folder, "timings.json")
        subprocess.run(
            [sys.executable, "-m", "splade_export", "documents", corpus, "--model", model, "--step", "none", "--quiet"]
            + ["--output", f"{folder}/out", "--timings", timings],
            check=True,
        )
        return json.loads(timings.read_text())["seconds"]


def csr(encoder, texts):
    started = time.perf_counter()
    encoder.encode_csr(texts)
    return time.perf_counter() - started


def check_threads(encoder, texts):
    """Fail unless threads that encode at once have the result of one alone."""
    alone = encoder.encode_csr(texts)
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(encoder.encode_csr, [texts] * THREADS))
    if any((found != alone).nnz for found in results):
        sys.exit(f"error: {THREADS} threads do not have the result of one")
    print(f"{THREADS} threads at once: the same results")


def main():
    corpus, model, repetitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
    records = [json.loads(line) for line in Path(corpus).read_text(encoding="utf-8").splitlines()]
    texts = [" ".join(part for part in (record.get("title", ""), record["text"]) if part) for record in records]
    encoder = SpladeEncoder(model)
    ratios = []
    for repetition in range(repetitions):
        # Each comes first as often as second.
        order = (command, csr) if repetition % 2 == 0 else (csr, command)
        seconds = {run: run(corpus, model) if run is command else run(encoder, texts) for run in order}
        ratios.append(seconds[csr] / seconds[command])
        print(f"documents {seconds[command]:.2f} s, encode_csr {seconds[csr]:.2f} s, ratio {ratios[-1]:.3f}", flush=True)
    check_threads(encoder, texts[:TEXTS])
    print(f"median ratio {statistics.median(ratios):.3f} over {len(texts)} texts")


main()
