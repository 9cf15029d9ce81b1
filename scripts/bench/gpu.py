"""Checks and measures splade-export on a GPU; gpu.sh calls it. Needs nothing but Python, and torch for made checkpoints.

Each step writes its part of results.json and summary.md when it ends, so that what was measured is kept if time is up.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from gpu_checks import Checks
from gpu_rates import LENGTHS, Rates

STEPS = ("device", "weights", "kernels", "architectures", "options", "rates", "peer", "batches", "corpus")
SIZES = ("bert-base", "distilbert", "modernbert")


def parse():
    parser = argparse.ArgumentParser()
    paths = ("program", "device-rate", "encode-rate", "model", "fixtures", "corpus", "architectures", "made", "output")
    for name in paths:
        parser.add_argument(f"--{name}", type=lambda text: Path(text).resolve(), required=True)
    for name in ("steps", "sizes", "names"):
        parser.add_argument(f"--{name}", type=lambda text: text.split(","), required=True)
    for name in ("documents", "repetitions"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--device", required=True)
    options = parser.parse_args()
    for what, known in (("steps", STEPS), ("sizes", SIZES)):
        unknown = sorted(set(getattr(options, what)) - set(known))
        if unknown:
            parser.error(f"--{what} takes {', '.join(known)}, not {', '.join(unknown)}")
    return options


def gpu_name():
    try:
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "no GPU"


def lines_of_weights(result):
    weights = result["weights"]
    yield f"Weights of {weights['documents']} documents under the demo model, against fp32 on the CPU:"
    yield ""
    yield "| | largest difference | Jaccard index of the terms | nDCG@10 |"
    yield "|---|--:|--:|--:|"
    for name, row in weights["runs"].items():
        ndcg = "" if row["ndcg"] is None else f"{row['ndcg']:.4f}"
        if "jaccard" in row:
            yield f"| {name} | {row['largest_difference']:.1e} | {row['jaccard']:.4f} | {ndcg} |"
        else:
            yield f"| {name} | | | {ndcg} |"


def lines_of_options(result):
    yield "Options:"
    yield ""
    for what, outcome in result["options"].items():
        yield f"- {what}: {outcome}"


def lines_of_architectures(result):
    yield "Small random checkpoints of every architecture, against fp32 on the CPU:"
    yield ""
    yield "| checkpoint | largest difference in fp32 | in fp16 | Jaccard index in fp16 |"
    yield "|---|--:|--:|--:|"
    for name, row in result["architectures"].items():
        if "failed" in row:
            yield f"| {name} | {row['failed']} | | |"
        else:
            yield f"| {name} | {row['fp32']:.1e} | {row['fp16']:.1e} | {row['jaccard']:.4f} |"


def lines_of_rates(result):
    yield (
        "Rates of one process with the model loaded and warm, of the median repetition. The share is of the rate of "
        "large matrix products in the same precision, measured before in this run."
    )
    for size, rows in result["rates"].items():
        yield ""
        yield f"### {size}"
        yield ""
        yield "| tokens | documents/s | TFLOP/s | share of the matrix rate | peak memory of the GPU, MB | sentence-transformers, documents/s | ratio |"
        yield "|--:|--:|--:|--:|--:|--:|--:|"
        for length in map(str, LENGTHS):
            row = rows.get(length)
            if not row:
                continue
            peer = result.get("peer", {}).get(size, {}).get(length)
            rate = row["documents_per_second"]
            share = "" if row["share"] is None else f"{row['share']:.1%}"
            theirs = f"{peer['documents_per_second']:.0f} | {rate / peer['documents_per_second']:.2f}" if peer else " | "
            yield (
                f"| {length} | {rate:.0f} | {row['operations_per_second'] / 1e12:.1f} | {share} "
                f"| {row['memory_mb'] or ''} | {theirs} |"
            )


def lines_of_peer(result):
    yield "sentence-transformers in the same precision, at its better batch size:"
    yield ""
    yield "| model | tokens | documents/s | batch | peak memory, MB |"
    yield "|---|--:|--:|--:|--:|"
    for size, rows in result["peer"].items():
        for length, row in rows.items():
            memory = "" if row["memory_mb"] is None else f"{row['memory_mb']:.0f}"
            yield f"| {size} | {length} | {row['documents_per_second']:.0f} | {row['batch']} | {memory} |"


def lines_of_batches(result):
    yield "Tokens of a batch and threads, 256 tokens:"
    yield ""
    yield "| batch | threads | documents/s | peak memory of the GPU, MB |"
    yield "|--:|--:|--:|--:|"
    for row in result["batches"]:
        yield f"| {row['batch_tokens']} | {row['workers']} | {row['documents_per_second']:.0f} | {row['memory_mb'] or ''} |"


def lines_of_kernels(result):
    kernels = result["kernels"]
    yield f"Attention kernels that ONNX Runtime names: {kernels['attention'] or 'none, see kernels.log'}"
    for failure in kernels.get("not_timed", []):
        yield f"Kernels were not timed: {failure}"
    if kernels["times"]:
        yield ""
        yield "| kernel | launches | ms | share |"
        yield "|---|--:|--:|--:|"
        whole = sum(row["ms"] for row in kernels["times"])
        for row in kernels["times"][:25]:
            yield f"| `{row['name'][:100]}` | {row['launches']} | {row['ms']:.2f} | {row['ms'] / whole:.1%} |"


def lines_of_corpus(result):
    corpus = result["corpus"]
    yield (
        f"The program as a whole: {corpus['documents']} documents, as many as TREC-COVID has, of "
        f"{corpus['tokens'] / corpus['documents']:.0f} tokens on average, in {corpus['seconds']:.0f} s "
        f"({corpus['without_start']:.0f} s without the start), gzip'd impacts on disk included."
    )


LINES = {
    "weights": lines_of_weights,
    "options": lines_of_options,
    "architectures": lines_of_architectures,
    "rates": lines_of_rates,
    "peer": lines_of_peer,
    "batches": lines_of_batches,
    "kernels": lines_of_kernels,
    "corpus": lines_of_corpus,
}


def summary(result):
    lines = [f"{result['gpu']}, {result['cores']} cores, device {result['device']}."]
    if "matrix_rate" in result:
        size = result["matrix_size"]
        lines.append(f"Products of two matrices of {size} x {size}: {result['matrix_rate'] / 1e12:.1f} TFLOP/s.")
        lines += ["", "A slice of 768 terms for 64 texts of 256 tokens, in microseconds:", ""]
        lines += [f"- {name}: {seconds * 1e6:.1f}" for name, seconds in result["pooling"].items()]
    for name, why in result["not_run"].items():
        lines += ["", f"Not run: {name}: {why}"]
    for name, lines_of in LINES.items():
        if name in result:
            lines += ["", *lines_of(result)]
    return "\n".join(lines) + "\n"


def main():
    options = parse()
    options.output.mkdir(parents=True)
    result = {
        "gpu": gpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "device": options.device,
        "not_run": {},
        "seconds": {},
    }
    checks, rates = Checks(options), Rates(options, result)
    steps = {
        "device": rates.device,
        "weights": lambda: checks.weights(result),
        "options": lambda: checks.option_checks(result),
        "architectures": lambda: checks.architectures(result),
        "rates": rates.rates,
        "batches": rates.batches,
        "peer": rates.peer,
        "kernels": rates.kernels,
        "corpus": rates.corpus,
    }
    for name in STEPS:
        if name not in options.steps:
            continue
        started = time.monotonic()
        print(f"bench/gpu: {name} ...", file=sys.stderr, flush=True)
        try:
            steps[name]()
        # A step that fails in a way of its own must not cost the others their time on the GPU.
        except Exception as failure:
            result["not_run"][name] = f"{type(failure).__name__}: {failure}"
            print(f"bench/gpu: {name} failed: {failure}", file=sys.stderr, flush=True)
        result["seconds"][name] = round(time.monotonic() - started, 1)
        (options.output / "results.json").write_text(json.dumps(result, indent=1) + "\n")
        (options.output / "summary.md").write_text(summary(result))
    print(summary(result))
    sys.exit(1 if result["not_run"] else 0)


if __name__ == "__main__":
    main()
