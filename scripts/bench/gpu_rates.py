"""Measures rates on a GPU; gpu.py calls it."""

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from statistics import median

from systems import Failed, tail, timed

LENGTHS = (64, 128, 256, 512)
# TREC-COVID's, of BEIR, and how many words make as many tokens on average.
TREC_COVID = 171_332
TREC_COVID_WORDS = (120, 310)
# For the size of which batches and kernels are looked at.
FIRST_SIZE = "bert-base"
BATCHES = ("256/8192/2", "256/16384/1", "256/16384/2", "256/32768/2", "256/65536/2")
PEER_BATCHES = (64, 256)
KERNELS_TIMED = 3000
# Of which the first batch warms up.
KERNEL_DOCUMENTS = 64
MEMORY_EVERY_SECONDS = 0.2


class GpuMemory:
    """The most memory of the GPU that is used while a block runs, in MB."""

    def __enter__(self):
        self.peak, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while not self.over.wait(MEMORY_EVERY_SECONDS):
            try:
                used = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
                self.peak = max(self.peak, *map(int, used))
            except (OSError, subprocess.CalledProcessError, ValueError, TypeError):
                return

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Rates:
    def __init__(self, options, result):
        self.options, self.result, self.output = options, result, options.output
        self.cores = len(os.sched_getaffinity(0))

    def device(self):
        # A CPU would need minutes for a product as large as a GPU's.
        size = 1024 if self.options.device == "cpu" else 8192
        run = subprocess.run(
            [self.options.device_rate, self.options.device, str(size)], capture_output=True, text=True, check=False
        )
        if run.returncode != 0:
            raise Failed(run.stderr.strip())
        self.result |= {"matrix_size": size, **json.loads(run.stdout)}

    def checkpoint(self, size):
        """A checkpoint of this size with random weights."""
        folder = self.options.made / f"made-{size}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            make = Path(__file__).with_name("made_checkpoint.py")
            fixtures, tokenizer = self.options.fixtures / "corpus.jsonl", self.options.model / "tokenizer.json"
            run = subprocess.run(
                [sys.executable, make, size, fixtures, tokenizer, folder], capture_output=True, text=True, check=False
            )
            if run.returncode != 0:
                raise Failed(f"the checkpoint of {size} was not made: {run.stderr.strip().splitlines()[-1:]}")
        return folder

    def encode_rates(self, model, sizes, name):
        """A row for each of encode_rate's sizes."""
        command = [self.options.encode_rate, "--model", model, "--corpus", self.options.fixtures / "corpus.jsonl"]
        command += ["--device", self.options.device, "--documents", self.options.documents]
        command += ["--repetitions", self.options.repetitions]
        rows = []
        for size in sizes:
            log = self.output / f"{name}.log"
            with GpuMemory() as memory, open(log, "ab") as errors:
                run = subprocess.run([*map(str, command), size], stdout=subprocess.PIPE, stderr=errors, check=False)
            if run.returncode != 0:
                raise Failed(f"encode_rate {size}: the end of {log}:\n{tail(log)}")
            row = json.loads(run.stdout)
            row["documents_per_second"] = row["documents"] / median(row["seconds"])
            row["memory_mb"] = memory.peak
            rows.append(row)
        return rows

    def rates(self):
        found = self.result["rates"] = {}
        for size in self.options.sizes:
            model = self.checkpoint(size)
            config = json.loads((model / "config.json").read_text())
            rows = found[size] = {}
            for row in self.encode_rates(model, map(str, LENGTHS), f"rates-{size}"):
                row["operations_per_second"] = row["documents_per_second"] * operations(config, row["length"])
                limit = self.result.get("matrix_rate")
                row["share"] = row["operations_per_second"] / limit if limit else None
                rows[str(row["length"])] = row

    def batches(self):
        model = self.checkpoint(FIRST_SIZE)
        self.result["batches"] = self.encode_rates(model, BATCHES, "batches")

    def peer(self):
        """sentence-transformers in the same precision, at the best of some batch sizes."""
        found = self.result["peer"] = {}
        for size in self.options.sizes:
            model = self.checkpoint(size)
            folder, settings = self.output / f"peer-{size}", self.output / f"peer-{size}.json"
            prepare = [sys.executable, Path(__file__).with_name("prepare.py"), model, folder]
            self.python(prepare, f"peer-{size}-prepare")
            results = self.output / f"peer-{size}-results.json"
            described = {
                "model": str(folder / "torch"),
                "corpus": str(self.options.fixtures / "corpus.jsonl"),
                "device": self.options.device,
                "lengths": LENGTHS,
                "batches": PEER_BATCHES,
                "documents": self.options.documents // 4,
                "result": str(results),
            }
            settings.write_text(json.dumps(described))
            self.python([sys.executable, Path(__file__).with_name("gpu_peer.py"), settings], f"peer-{size}")
            found[size] = json.loads(results.read_text())

    def python(self, command, name):
        log = self.output / f"{name}.log"
        with open(log, "wb") as output:
            run = subprocess.run([*map(str, command)], stdout=output, stderr=subprocess.STDOUT, check=False)
        if run.returncode != 0:
            raise Failed(f"{name}: the end of {log}:\n{tail(log)}")

    def kernels(self):
        """Which attention kernels ONNX Runtime names, and how long each kernel of the GPU takes, by Nsight Compute."""
        model = self.checkpoint(FIRST_SIZE)
        os.environ["ORT_ENABLE_ATTENTION_KERNEL_DEBUG_INFO"] = "1"
        texts, log = self.output / "kernels.tsv", self.output / "kernels.log"
        self.write_texts(texts, 64, lambda: 20)
        command = [self.options.program, "documents", texts, "--model", model, "--output", self.output / "kernels"]
        timed([*map(str, command), "--device", self.options.device], self.cores, log)
        del os.environ["ORT_ENABLE_ATTENTION_KERNEL_DEBUG_INFO"]
        named = Counter(re.findall(r"Operator=(\S+).*?SdpaKernel=([A-Z_]+)", log.read_text(errors="replace")))
        found = self.result["kernels"] = {"attention": ", ".join(" ".join(names) for names in named), "times": []}
        if not shutil.which("ncu"):
            found["not_timed"] = ["there is no ncu"]
            return
        profile = ["ncu", "--clock-control", "none", "--cache-control", "none", "--csv", "--page", "raw"]
        profile += ["--metrics", "gpu__time_duration.sum", "--print-units", "base"]
        profile += ["--launch-count", KERNELS_TIMED, self.options.encode_rate, "--model", model]
        profile += ["--corpus", self.options.fixtures / "corpus.jsonl", "--device", self.options.device]
        profile += ["--documents", KERNEL_DOCUMENTS, "--repetitions", 1, "256/16384/1"]
        run = subprocess.run([*map(str, profile)], capture_output=True, text=True, check=False)
        (self.output / "ncu.csv").write_text(run.stdout)
        begin = run.stdout.find('"ID"')
        if run.returncode != 0 or begin < 0:
            found["not_timed"] = (run.stderr.strip() or run.stdout.strip()).splitlines()[-3:]
            return
        launches, milliseconds = Counter(), Counter()
        for row in csv.DictReader(io.StringIO(run.stdout[begin:])):
            try:
                nanoseconds = float(row["gpu__time_duration.sum"].replace(",", ""))
            except (KeyError, ValueError):
                continue  # the row of units
            launches[row["Kernel Name"]] += 1
            milliseconds[row["Kernel Name"]] += nanoseconds / 1e6
        found["times"] = [
            {"name": name, "launches": launches[name], "ms": spent} for name, spent in milliseconds.most_common()
        ]

    def write_texts(self, path, documents, words):
        """TSV; `words` gives the number of words of the next text."""
        text = (self.options.fixtures / "corpus.jsonl").read_text(encoding="utf-8")
        vocabulary = re.findall(r"\w+", " ".join(json.loads(line)["text"] for line in text.splitlines()))
        choose = random.Random(1)
        with open(path, "w", encoding="utf-8") as file:
            for i in range(documents):
                file.write(f"d{i}\t{' '.join(choose.choices(vocabulary, k=words()))}\n")

    def corpus(self):
        """As many documents as TREC-COVID has by the program as a whole."""
        model, choose = self.checkpoint(FIRST_SIZE), random.Random(2)
        documents = self.options.documents if self.options.device == "cpu" else TREC_COVID
        texts, log, timings = (self.output / f"corpus.{ending}" for ending in ("tsv", "log", "timings.json"))
        self.write_texts(texts, documents, lambda: choose.randrange(*TREC_COVID_WORDS))
        command = [self.options.program, "documents", texts, "--model", model, "--output", self.output / "corpus"]
        command += ["--device", self.options.device, "--timings", timings]
        seconds, _ = timed([*map(str, command)], self.cores, log)
        counts = json.loads((self.output / "corpus" / "manifest.json").read_text())["counts"]
        taken = json.loads(timings.read_text())
        texts.unlink()
        shutil.rmtree(self.output / "corpus")
        self.result["corpus"] = {
            "documents": counts["documents"],
            "tokens": counts["tokens"],
            "seconds": seconds,
            "without_start": taken["seconds"],
            "timings": taken,
        }


def operations(config, length):
    """Floating-point operations a document: the matrix products of layers, attention and head."""

    def get(*names):
        return next(config[name] for name in names if config.get(name) is not None)

    hidden, layers = get("hidden_size", "dim"), get("num_hidden_layers", "n_layers")
    inner = get("intermediate_size", "hidden_dim")
    matrices, seen = 2, [length] * layers
    if config["model_type"] == "modernbert":
        # Its feed-forward layers have a gate, and two of three layers a window.
        every = config.get("global_attn_every_n_layers", 3)
        kinds = config.get("layer_types") or ["sliding" if i % every else "full_attention" for i in range(layers)]
        window = min(length, config["local_attention"] + 1)
        matrices, seen = 3, [length if kind == "full_attention" else window for kind in kinds]
    products = layers * length * (8 * hidden**2 + 2 * matrices * hidden * inner)
    attention = sum(4 * length * keys * hidden for keys in seen)
    return products + attention + 2 * length * hidden * (hidden + config["vocab_size"])
