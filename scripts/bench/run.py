"""Measures splade-export and its peers side by side; encoder.sh calls it.

Runs are interleaved: one of every system, then the next repetition. The first repetition tries every batch size of a
peer, the others only its best.
"""

import argparse
import dataclasses
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median

from report import agreement, summary
from systems import Failed, Job, Peer, SpladeExport, Variant

PEERS = {
    "sentence-transformers torch": ("latest", "torch"),
    "sentence-transformers onnx": ("optimum", "onnx"),
    "sentence-transformers openvino": ("optimum", "openvino"),
    "onnxruntime host-pooling": ("latest", "onnxruntime"),
}
REFERENCE = "sentence-transformers torch"
# More than texts have, so that as many characters fill a document.
CHARACTERS_PER_TOKEN = 8


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--pythons", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", nargs=4, action="append", metavar=("NAME", "FOLDER", "PREPARED", "DOCUMENTS"))
    parser.add_argument("--repetitions", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--max-length", type=int, required=True)
    parser.add_argument("--batches", type=lambda text: [int(each) for each in text.split(",")], required=True)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--systems", type=lambda text: text.split(","), default=[])
    return parser.parse_args()


def read_texts(corpus):
    """Title and text, joined as the program joins them."""
    with open(corpus, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            parts = [record.get("title") or "", record.get("text") or record.get("contents") or ""]
            if text := " ".join(part for part in parts if part):
                yield text


def long_text(texts, first, characters):
    """A text and those that follow it, until it is long enough."""
    joined, length = [], 0
    while length < characters:
        joined.append(texts[(first + len(joined)) % len(texts)])
        length += len(joined[-1])
    return " ".join(joined)


def write_texts(corpus, documents, path, characters):
    """Texts from all over the corpus, in its order; from the beginning again where there are too few."""
    texts = list(read_texts(corpus))
    if not texts:
        sys.exit(f"error: {corpus} has no text")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(documents):
            first = i * len(texts) // documents if documents <= len(texts) else i % len(texts)
            text = long_text(texts, first, characters) if characters else texts[first]
            file.write(json.dumps({"id": f"d{i}", "text": text}, ensure_ascii=False) + "\n")


def systems_for(name, systems):
    """The systems that can run a model."""
    if name != "modernbert":
        return systems
    return {system: how for system, how in systems.items() if not isinstance(how, Peer) or system == REFERENCE}


def chosen_systems(options):
    on_cpu = ["--device", "cpu", "--precision"]
    systems = {f"splade-export {name}": SpladeExport(options.program, [*on_cpu, name]) for name in ("fp32", "int8")}
    for name, (environment, system) in PEERS.items():
        systems[name] = Peer(options.pythons / environment / "bin/python", system)
    wanted = options.systems or list(systems)
    if unknown := [name for name in wanted if name not in systems]:
        print(f"error: no such system: {', '.join(unknown)} (systems: {'; '.join(systems)})", file=sys.stderr)
        sys.exit(2)
    return {name: system for name, system in systems.items() if name in wanted or name == REFERENCE}


def measure(name, job, systems, options):
    """All runs of one model; the result for the files."""
    runs, problems, unsupported = [], {}, {}

    def once(variant, repetition):
        print(f"{name}, repetition {repetition}: {variant.name} ...", end=" ", file=sys.stderr, flush=True)
        try:
            run = systems[variant.system].run(job, variant, repetition)
        except Failed as failure:
            problems[variant.name] = str(failure)
            print(f"failed: {failure}", file=sys.stderr)
            return
        runs.append(run)
        print(f"{job.documents / run.seconds:.1f} documents/s, {run.max_rss_mb:.0f} MB", file=sys.stderr)

    variants = []
    for system, how in systems.items():
        if not how.supports():
            unsupported[system] = f"this program has not all of {' '.join(how.options)}"
            continue
        batches = options.batches if isinstance(how, Peer) else [None]
        variants += [Variant(system, batch) for batch in batches]
    for variant in variants:
        once(variant, 1)
    best = {}
    for variant in variants:
        for run in runs:
            if run.variant == variant.name and run.seconds < best.get(variant.system, (float("inf"),))[0]:
                best[variant.system] = (run.seconds, variant)
    best = {system: variant for system, (_, variant) in best.items()}
    for repetition in range(2, options.repetitions + 1):
        for variant in best.values():
            once(variant, repetition)

    weights = {}
    for system, variant in best.items():
        try:
            weights[system] = systems[system].weights(job, variant)
        except Failed as failure:
            problems[f"{system}, weights"] = str(failure)
    rows = {}
    for system, variant in best.items():
        mine = [run for run in runs if run.variant == variant.name]
        seconds = median(run.seconds for run in mine)
        last = mine[-1]
        rows[system] = {
            "batch": variant.batch,
            "documents_per_second": job.documents / seconds,
            "slowest_and_fastest": [job.documents / f(run.seconds for run in mine) for f in (max, min)],
            "tokens_per_second": last.tokens / seconds,
            "padding_share": 1 - last.tokens / last.padded_tokens if last.padded_tokens else last.timings.get("padding"),
            "peak_memory_mb": max(run.max_rss_mb for run in mine),
            "start_seconds": median(run.start_seconds for run in mine),
            "version": last.version,
            "timings": last.timings,
        }
        if system in weights and REFERENCE in weights:
            rows[system] |= agreement(weights[system], weights[REFERENCE])
    return {
        "model": name,
        "documents": job.documents,
        "rows": rows,
        "unsupported": unsupported,
        "problems": problems,
        "runs": [dataclasses.asdict(run) for run in runs],
    }


def machine(options):
    cpu = platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    git = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "threads": options.threads,
        "max_length": options.max_length,
        "repetitions": options.repetitions,
        "batches": options.batches,
        "commit": git.stdout.strip() or None,
    }


def main():
    options = parse()
    systems = chosen_systems(options)
    options.output.mkdir(parents=True)
    result = {"machine": machine(options), "models": []}
    for name, folder, prepared, documents in options.model:
        runs = options.output / name
        runs.mkdir()
        texts = runs / "texts.jsonl"
        characters = CHARACTERS_PER_TOKEN * options.max_length if options.long else 0
        write_texts(options.corpus, int(documents), texts, characters)
        job = Job(
            model=Path(folder),
            prepared=Path(prepared),
            texts=texts,
            documents=int(documents),
            max_length=options.max_length,
            threads=options.threads,
            folder=runs,
        )
        result["models"].append(measure(name, job, systems_for(name, systems), options))
        # After each model: what was measured is kept whatever happens to the next.
        (options.output / "results.json").write_text(json.dumps(result, indent=1) + "\n")
        (options.output / "summary.md").write_text(summary(result))
    print((options.output / "summary.md").read_text())
    if failed := [f"{model['model']}: {name}" for model in result["models"] for name in model["problems"]]:
        sys.exit(f"error: not everything could be measured: {'; '.join(failed)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("error: interrupted; results.json and summary.md have the models that were finished")
