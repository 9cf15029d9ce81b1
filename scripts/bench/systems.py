"""The systems under measurement: how each is run once, in a process of its own."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """What all systems get."""

    model: Path
    # A folder that prepare.py made.
    prepared: Path
    # JSON Lines with id and text.
    texts: Path
    documents: int
    max_length: int
    threads: int
    # For files of the runs.
    folder: Path


@dataclass(frozen=True)
class Variant:
    """One row of the table before the best batch size is chosen."""

    system: str
    batch: int | None = None

    @property
    def name(self):
        return self.system if self.batch is None else f"{self.system}, batch {self.batch}"

    @property
    def file_stem(self):
        return self.name.replace(", batch ", "-").replace(" ", "-")


@dataclass
class Run:
    """What one run took. `seconds` are those that the rate is computed from."""

    variant: str
    repetition: int
    seconds: float
    start_seconds: float
    tokens: int
    max_rss_mb: float
    load_before: float
    version: str
    padded_tokens: int | None = None
    timings: dict = field(default_factory=dict)


class Failed(Exception):
    """A run that ended badly; its message is what the program said."""


def timed(command, threads, log):
    """Runs a command on the first `threads` cores; its wall time and its peak memory in MB."""
    cores = sorted(os.sched_getaffinity(0))[:threads]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "RAYON_NUM_THREADS": str(threads)}
    with open(log, "wb") as output:
        before = time.perf_counter()
        child = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - before
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise Failed(f"exit code {child.returncode}; the end of {log}:\n{tail(log)}")
    return seconds, usage.ru_maxrss / 1024


def tail(log, lines=8):
    return "\n".join(Path(log).read_text(errors="replace").splitlines()[-lines:])


class SpladeExport:
    """The program. Its seconds are those from the first document read to the last byte of gzip'd impacts written."""

    def __init__(self, program, options):
        self.program = str(program)
        self.options = options
        run = subprocess.run([self.program, "documents", "--help"], check=True, capture_output=True, text=True)
        self.help = run.stdout
        version = subprocess.run([self.program, "--version"], check=True, capture_output=True, text=True)
        self.version = version.stdout.splitlines()[0]

    def supports(self):
        return all(option in self.help for option in self.options if option.startswith("--"))

    def documents(self, job, texts, output, log, *extra):
        shutil.rmtree(output, ignore_errors=True)
        command = [self.program, "documents", texts, "--model", job.model, "--output", output, *self.options, *extra]
        command += ["--max-length", str(job.max_length), "--threads", str(job.threads)]
        return timed([str(part) for part in command], job.threads, log)

    def run(self, job, variant, repetition):
        stem = job.folder / f"{variant.file_stem}-{repetition}"
        output, log = stem.with_suffix(".collection"), stem.with_suffix(".log")
        first = job.folder / "first.jsonl"
        with open(job.texts, encoding="utf-8") as file:
            first.write_text(file.readline(), encoding="utf-8")
        start, _ = self.documents(job, first, output, log)
        timings = stem.with_suffix(".timings.json")
        load = os.getloadavg()[0]
        _, memory = self.documents(job, job.texts, output, log, "--timings", timings)
        measured = json.loads(timings.read_text())
        counts = json.loads((output / "manifest.json").read_text())["counts"]
        shutil.rmtree(output)
        if counts["documents"] != job.documents:
            raise Failed(f"{counts['documents']} of {job.documents} documents")
        return Run(
            variant=variant.name,
            repetition=repetition,
            seconds=measured["seconds"],
            start_seconds=start,
            tokens=counts["tokens"],
            max_rss_mb=memory,
            load_before=load,
            version=self.version,
            timings=measured,
        )

    def weights(self, job, variant):
        """Column -> weight of each text in input order; not timed."""
        output = job.folder / f"{variant.file_stem}.weights"
        extra = ["--step", "none", "--special-tokens", "keep", "--compress", "none"]
        self.documents(job, job.texts, output, output.with_suffix(".weights.log"), *extra)
        columns = column_names(job.model / "tokenizer.json")
        vectors = []
        for part in sorted((output / "documents").iterdir()):
            with open(part, encoding="utf-8") as file:
                for line in file:
                    vector = json.loads(line)["vector"]
                    vectors.append({columns(term): weight for term, weight in vector.items()})
        shutil.rmtree(output)
        return vectors


def column_names(tokenizer):
    """Term -> column, the reverse of how the program names columns."""
    described = json.loads(tokenizer.read_text(encoding="utf-8"))
    vocabulary = dict(described["model"]["vocab"])
    vocabulary.update({token["content"]: token["id"] for token in described.get("added_tokens", [])})

    def column(term):
        return int(term[4:-1]) if term.startswith("[id:") else vocabulary[term]

    return column


class Peer:
    """One of peer.py's systems; its seconds are those of encoding alone, loaded and warm."""

    def __init__(self, python, system):
        self.python = python
        self.system = system

    def supports(self):
        return True

    def run(self, job, variant, repetition):
        stem = job.folder / f"{variant.file_stem}-{repetition}"
        settings = {
            "system": self.system,
            "model": str(job.prepared),
            "texts": str(job.texts),
            "batch": variant.batch,
            "max_length": job.max_length,
            "threads": job.threads,
            "result": str(stem.with_suffix(".result.json")),
            "weights": str(self.weights_file(job, variant)) if repetition == 1 else None,
        }
        path = stem.with_suffix(".settings.json")
        path.write_text(json.dumps(settings))
        load = os.getloadavg()[0]
        program = Path(__file__).with_name("peer.py")
        _, memory = timed([str(self.python), str(program), str(path)], job.threads, stem.with_suffix(".log"))
        result = json.loads(Path(settings["result"]).read_text())
        return Run(
            variant=variant.name, repetition=repetition, max_rss_mb=memory, load_before=load, **result
        )

    def weights_file(self, job, variant):
        return job.folder / f"{variant.file_stem}.weights.jsonl"

    def weights(self, job, variant):
        with open(self.weights_file(job, variant), encoding="utf-8") as file:
            return [dict(zip(*json.loads(line))) for line in file]


