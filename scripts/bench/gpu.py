"""Measures splade-export on a GPU; gpu.sh calls it. Needs nothing but Python.

The texts are words of a corpus in an order of their own, as many as are wanted and long enough to fill every limit.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

from report import agreement
from systems import Failed, tail, timed

LENGTHS = (64, 128, 256, 512)
# TREC-COVID's, of BEIR.
TREC_COVID = 171_332
ON_GPU = ["--device", "cuda", "--precision", "fp16"]
ON_CPU = ["--device", "cpu", "--precision", "fp32"]


def parse():
    parser = argparse.ArgumentParser()
    for name in ("--program", "--matrix-rate", "--model", "--corpus", "--output"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--repetitions", type=int, required=True)
    return parser.parse_args()


class Bench:
    def __init__(self, options):
        self.options = options
        self.cores = len(os.sched_getaffinity(0))
        text = options.corpus.read_text(encoding="utf-8")
        records = [json.loads(line) for line in text.splitlines()]
        self.words = re.findall(r"\w+", " ".join(record["text"] for record in records))
        self.random = random.Random(1)

    def write_texts(self, name, documents, words):
        """TSV; `words` gives the number of words of the next text."""
        path = self.options.output / f"{name}.tsv"
        with open(path, "w", encoding="utf-8") as file:
            for i in range(documents):
                file.write(f"d{i}\t{' '.join(self.random.choices(self.words, k=words()))}\n")
        return path

    def encode(self, texts, name, *options):
        """The folder written and the seconds of the whole run."""
        output, log = self.options.output / name, self.options.output / f"{name}.log"
        command = [self.options.program, "documents", texts, "--model", self.options.model, "--output", output]
        seconds, _ = timed([*map(str, command), *options], self.cores, log)
        return output, seconds

    def counts(self, folder):
        return json.loads((folder / "manifest.json").read_text())["counts"]

    def weights(self, texts, name, *options):
        folder, _ = self.encode(texts, name, "--step", "none", "--compress", "none", *options)
        lines = [line for part in sorted((folder / "documents").iterdir()) for line in part.read_text().splitlines()]
        return [json.loads(line)["vector"] for line in lines]

    def check_device(self):
        texts = self.write_texts("one", 1, lambda: 20)
        self.encode(texts, "one", *ON_GPU)

    def matrix_rate(self):
        run = subprocess.run([str(self.options.matrix_rate)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise Failed(run.stderr.strip())
        return float(run.stdout)

    def rate(self, length):
        """Documents a second of exactly `length` tokens: of a long run less a short one, so without the start."""
        many = max(1000, self.options.documents * 256 // length)
        sizes = (many // 10, many)
        texts = [self.write_texts(f"length-{length}-{size}", size, lambda: length) for size in sizes]
        rates = []
        for repetition in range(self.options.repetitions):
            seconds = []
            for size, path in zip(sizes, texts):
                name = f"length-{length}-{size}-{repetition}"
                folder, took = self.encode(path, name, "--max-length", str(length), *ON_GPU)
                if self.counts(folder)["tokens"] != size * length:
                    raise Failed(f"the texts have not all {length} tokens")
                seconds.append(took)
            rates.append((sizes[1] - sizes[0]) / (seconds[1] - seconds[0]))
        return {"documents": many, "documents_per_second": median(rates), "all": rates}

    def attention_kernels(self):
        """How often ONNX Runtime names which kernel."""
        texts = self.write_texts("kernels", 64, lambda: self.random.randrange(20, 300))
        os.environ["ORT_ENABLE_ATTENTION_KERNEL_DEBUG_INFO"] = "1"
        self.encode(texts, "kernels", *ON_GPU)
        del os.environ["ORT_ENABLE_ATTENTION_KERNEL_DEBUG_INFO"]
        log = (self.options.output / "kernels.log").read_text(errors="replace")
        return Counter(re.findall(r"Operator=(\S+).*?SdpaKernel=(\S+)", log)) if log else Counter()

    def trec_covid(self):
        texts = self.write_texts("trec-covid", TREC_COVID, lambda: self.random.randrange(20, 400))
        folder, seconds = self.encode(texts, "trec-covid", *ON_GPU)
        counts = self.counts(folder)
        texts.unlink()
        return {"documents": counts["documents"], "tokens": counts["tokens"], "seconds": seconds}

    def agreement(self):
        texts = self.write_texts("agreement", 64, lambda: self.random.randrange(5, 500))
        return agreement(self.weights(texts, "on-gpu", *ON_GPU), self.weights(texts, "on-cpu", *ON_CPU))


def operations(config, length):
    """Floating-point operations a document: the layers' and the head's matrix products."""
    get = lambda *names: next(config[name] for name in names if name in config)
    hidden, layers = get("hidden_size", "dim"), get("num_hidden_layers", "n_layers")
    inner = get("intermediate_size", "hidden_dim")
    layer = length * (8 * hidden**2 + 4 * hidden * inner) + 4 * length**2 * hidden
    return layers * layer + 2 * length * hidden * (hidden + config["vocab_size"])


def gpu_name():
    try:
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown GPU"


def summary(result):
    lines = [
        f"{result['gpu']}, {result['cores']} cores, {result['model']}, fp16, batches of exactly as many tokens. "
        f"Products of two matrices of 8192 x 8192 in fp16 ran at {result['matrix_rate'] / 1e12:.0f} TFLOP/s.",
        "",
        "| tokens | documents/s | TFLOP/s | share of the matrix rate |",
        "|--:|--:|--:|--:|",
    ]
    for length, row in result["lengths"].items():
        lines.append(
            f"| {length} | {row['documents_per_second']:.0f} | {row['operations_per_second'] / 1e12:.0f} "
            f"| {row['share']:.1%} |"
        )
    covid, agreed = result["trec_covid"], result["agreement"]
    kernels = ", ".join(f"{kernel} ({count})" for kernel, count in result["attention_kernels"].items())
    lines += [
        "",
        f"- {covid['documents']} documents, as many as TREC-COVID has, of {covid['tokens'] / covid['documents']:.0f} "
        f"tokens on average: {covid['seconds']:.0f} s, the start and gzip'd impacts on disk included",
        f"- attention kernels: {kernels or 'none named; see kernels.log'}",
        f"- weights against fp32 on the CPU: largest difference {agreed['largest_difference']:.1e}, Jaccard index of the "
        f"terms {agreed['jaccard']:.4f}, {agreed['terms_per_document']:.0f} terms per document",
    ]
    return "\n".join(lines) + "\n"


def main():
    options = parse()
    options.output.mkdir(parents=True)
    bench = Bench(options)

    def step(what):
        print(f"bench/gpu: {what} ...", file=sys.stderr, flush=True)

    step("one document on the GPU")
    try:
        bench.check_device()
    except Failed:
        print(tail(options.output / "one.log"), file=sys.stderr)
        sys.exit(1)
    step("matrix products")
    result = {"gpu": gpu_name(), "cores": bench.cores, "model": options.model.name, "matrix_rate": bench.matrix_rate()}
    config = json.loads((options.model / "config.json").read_text())
    result["lengths"] = {}
    for length in LENGTHS:
        step(f"{length} tokens")
        row = bench.rate(length)
        row["operations_per_second"] = row["documents_per_second"] * operations(config, length)
        row["share"] = row["operations_per_second"] / result["matrix_rate"]
        result["lengths"][length] = row
    step("attention kernels")
    kernels = bench.attention_kernels()
    result["attention_kernels"] = {" ".join(names): count for names, count in kernels.most_common()}
    step("agreement with the CPU")
    result["agreement"] = bench.agreement()
    step(f"{TREC_COVID} documents")
    result["trec_covid"] = bench.trec_covid()
    (options.output / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.output / "summary.md").write_text(summary(result))
    print(summary(result))


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"error: {failure}")
