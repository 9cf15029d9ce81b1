"""Checks that splade-export does on a GPU what it does on the CPU; gpu.py calls them."""

import hashlib
import json
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from evaluate import ndcg, trec_order
from impact_files import read_qrels
from report import agreement
from systems import Failed, tail

# Programs at once: each starts CUDA anew.
AT_ONCE = 4
# Documents of the run that is killed.
KILLED = 60_000
PART_SIZE = 2000
KILLS = 2


def digest(folder):
    """A hash of the parts' names and bytes."""
    sum_ = hashlib.sha256()
    for part in sorted((folder / "documents").iterdir()):
        sum_.update(part.name.encode() + b"\0" + part.read_bytes())
    return sum_.hexdigest()


def finished_parts(folder):
    parts = folder / "documents"
    return sum(part.suffix == ".gz" for part in parts.iterdir()) if parts.exists() else 0


class Checks:
    def __init__(self, options):
        self.options = options
        self.output = options.output
        self.on_gpu = ["--device", options.device]
        # The CPU has no fp16 to try.
        self.half = "fp32" if options.device == "cpu" else "fp16"

    def start(self, arguments, log):
        with open(log, "wb") as output:
            return subprocess.Popen([self.options.program, *map(str, arguments)], stdout=output, stderr=subprocess.STDOUT)

    def run(self, name, arguments, succeeds=True):
        """What the program printed."""
        log = self.output / f"{name}.log"
        code = self.start(arguments, log).wait()
        if (code == 0) != succeeds:
            raise Failed(f"{name}: exit code {code}; the end of {log}:\n{tail(log)}")
        return log.read_text(errors="replace")

    def documents(self, name, corpus, *options, model=None, **how):
        folder = self.output / name
        base = ["documents", corpus, "--model", model or self.options.model, "--output", folder]
        said = self.run(name, [*base, *options], **how)
        return folder, said

    def weights_of(self, folder):
        """{docid: {term: weight}}"""
        lines = [line for part in sorted((folder / "documents").iterdir()) for line in part.read_text().splitlines()]
        records = [json.loads(line) for line in lines]
        return {record["id"]: record["vector"] for record in records}

    def encode(self, name, corpus, *options, model=None):
        folder, _ = self.documents(name, corpus, "--step", "none", "--compress", "none", *options, model=model)
        return self.weights_of(folder)

    def weights(self, result):
        runs = {
            "CPU, fp32": ["--device", "cpu", "--precision", "fp32"],
            "GPU, fp32": [*self.on_gpu, "--precision", "fp32"],
            f"GPU, {self.half}": [*self.on_gpu, "--precision", self.half],
        }
        rows, reference = {}, None
        for i, (name, options) in enumerate(runs.items()):
            found = self.encode(f"weights-{i}", self.options.corpus, *options)
            rows[name] = {"ndcg": self.ndcg(i, found, options)}
            if reference is None:
                reference = found
            else:
                rows[name] |= agreement([found[docid] for docid in reference], reference.values())
        result["weights"] = {"documents": len(reference), "runs": rows}

    def ndcg(self, i, documents, options):
        """nDCG@10 of the exact sums, or None where there are no judgments."""
        corpus = self.options.corpus
        queries, qrels = corpus / "queries.jsonl", corpus / "qrels" / "test.tsv"
        if not queries.exists() or not qrels.exists():
            return None
        file = self.output / f"topics-{i}.jsonl"
        topics = ["topics", corpus, "--model", self.options.model, "--output", file, "--step", "none"]
        self.run(f"topics-{i}", [*topics, *options])
        qrels, postings = read_qrels(qrels), {}
        for docid, vector in documents.items():
            for term, weight in vector.items():
                postings.setdefault(term, []).append((docid, weight))
        values = []
        for line in file.read_text().splitlines():
            topic = json.loads(line)
            grades = qrels.get(topic["qid"])
            if not grades:
                continue
            scores = {}
            for term, weight in topic["vector"].items():
                for docid, other in postings.get(term, ()):
                    scores[docid] = scores.get(docid, 0.0) + weight * other
            values.append(ndcg(trec_order(scores.items()), grades, 10))
        return sum(values) / len(values) if values else None

    def option_checks(self, result):
        found = result["options"] = {}
        fixtures = self.options.fixtures / "corpus.jsonl"
        folder, _ = self.documents("device-auto", fixtures)
        used = json.loads((folder / "manifest.json").read_text())["encoding"]["device"]
        found["without --device"] = f"the documents are encoded on {used}"
        if self.options.device != "cpu":
            said = self.documents("device-99", fixtures, "--device", "cuda:99", succeeds=False)[1]
            found["--device cuda:99"] = said.strip().splitlines()[-1]
            found["--device cuda:all"] = self.same(fixtures, "device-all", ["--device", "cuda:all"])
        found["--max-memory"] = self.less_memory(fixtures)
        found["killed and resumed"] = self.killed()

    def same(self, corpus, name, options):
        first, _ = self.documents(f"{name}-1", corpus, *self.on_gpu)
        second, _ = self.documents(f"{name}-2", corpus, *options)
        return "the same bytes" if digest(first) == digest(second) else "OTHER BYTES"

    def less_memory(self, corpus):
        """The least of some limits with which all is encoded, and how far weights move with it."""
        free = self.encode("memory-free", corpus, *self.on_gpu)
        for megabytes in (60, 80, 120, 200, 400, 1000):
            try:
                tight = self.encode(f"memory-{megabytes}", corpus, *self.on_gpu, "--max-memory", f"{megabytes}M")
            except Failed as failure:
                message = str(failure).splitlines()[-1]
                if "too little memory" not in message and "not enough" not in message:
                    raise
                continue
            moved = agreement([tight[docid] for docid in free], free.values())
            return f"{megabytes} MB suffice; weights move by {moved['largest_difference']:.1e}"
        return f"1000 MB do not suffice: {message}"

    def killed(self):
        """A run that is killed and resumed, and one that is not."""
        words = re.findall(r"\w+", (self.options.fixtures / "corpus.jsonl").read_text())
        choose = random.Random(7)
        corpus = self.output / "killed.tsv"
        with open(corpus, "w", encoding="utf-8") as file:
            for i in range(KILLED):
                file.write(f"d{i}\t{' '.join(choose.choices(words, k=choose.randrange(5, 60)))}\n")
        options = [*self.on_gpu, "--part-size", PART_SIZE]
        whole, _ = self.documents("whole", corpus, *options)
        folder = self.output / "killed"
        command = ["documents", corpus, "--model", self.options.model, "--output", folder, *options]
        kept = []
        for kill in range(KILLS):
            child = self.start([*command, *(["--resume"] if kill else [])], self.output / f"killed-{kill}.log")
            # Kills it when it has finished more parts than before.
            while child.poll() is None and finished_parts(folder) <= (kept[-1] if kept else 0):
                time.sleep(0.002)
            child.kill()
            child.wait()
            kept.append(finished_parts(folder))
        self.run("resumed", [*command, "--resume"])
        same = "the same bytes" if digest(whole) == digest(folder) else "OTHER BYTES"
        return f"killed when {' and '.join(map(str, kept))} of {finished_parts(whole)} parts were there, {same}"

    def architectures(self, result):
        folder, names = self.options.architectures, self.options.names
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = pool.map(lambda name: self.architecture(name, folder), names)
            result["architectures"] = dict(zip(names, rows))
        failed = [name for name, row in result["architectures"].items() if "failed" in row]
        if failed:
            raise Failed(f"{len(failed)} of {len(names)} failed: {', '.join(failed)}")

    def architecture(self, name, folder):
        runs = {
            "cpu": ["--device", "cpu", "--precision", "fp32"],
            "fp32": [*self.on_gpu, "--precision", "fp32"],
            "fp16": [*self.on_gpu, "--precision", self.half],
        }
        try:
            found = {
                run: self.encode(f"{name}-{run}", folder / "corpus.jsonl", *options, model=folder / name)
                for run, options in runs.items()
            }
        except Failed as failure:
            return {"failed": str(failure).replace("\n", " ")[:200]}
        reference = list(found["cpu"].values())
        fp32, fp16 = (agreement([found[run][docid] for docid in found["cpu"]], reference) for run in ("fp32", "fp16"))
        return {"fp32": fp32["largest_difference"], "fp16": fp16["largest_difference"], "jaccard": fp16["jaccard"]}
