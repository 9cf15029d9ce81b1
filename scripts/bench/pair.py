"""Prints what pair.sh measured.

Usage: pair.py FOLDER MODEL PRECISIONS REPETITIONS
"""

import json
import statistics
import sys
from pathlib import Path


def vectors(folder):
    lines = (folder / "documents" / "part-00000.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["id"]: record["vector"] for record in map(json.loads, lines)}


def agreement(found, exact):
    """The mean Jaccard index of the terms, and the largest difference of a weight."""
    shares, largest = [], 0.0
    for docid, weights in exact.items():
        other = found[docid]
        terms = weights.keys() | other.keys()
        shares.append(len(weights.keys() & other.keys()) / max(1, len(terms)))
        largest = max([largest, *(abs(weights.get(t, 0) - other.get(t, 0)) for t in terms)])
    return statistics.mean(shares), largest


def main(folder, model, precisions, repetitions):
    exact = vectors(folder / "before-fp32-1")
    print("| model | precision | program | documents/s | body | head | peak memory | Jaccard | difference | single runs |")
    print("|---|---|---|--:|--:|--:|--:|--:|--:|---|")
    for precision in precisions:
        rates, ratios = {}, []
        for name in ("before", "after"):
            runs = [folder / f"{name}-{precision}-{i}" for i in range(1, repetitions + 1)]
            timings = [json.loads(run.with_name(run.name + ".json").read_text()) for run in runs]
            memory = [int(run.with_name(run.name + ".memory").read_text().split()[-1]) for run in runs]
            rates[name] = [t["documents"] / t["seconds"] for t in timings]
            body, head = (
                statistics.median(1000 * t["stages"][stage] / t["documents"] for t in timings) for stage in ("body", "head")
            )
            share, difference = agreement(vectors(runs[0]), exact)
            single = " ".join(f"{rate:.2f}" for rate in rates[name])
            print(
                f"| {model} | {precision} | {name} | {statistics.median(rates[name]):.2f} | {body:.1f} ms | {head:.1f} ms "
                f"| {max(memory) / 1024:.0f} MB | {share:.4f} | {difference:.1e} | {single} |"
            )
        ratios = [after / before for before, after in zip(rates["before"], rates["after"], strict=True)]
        print(f"| {model} | {precision} | ratio | {statistics.median(ratios):.2f} | | | | | | |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(","), int(sys.argv[4]))
