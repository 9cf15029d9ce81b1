"""Encode a corpus on a Ray cluster: ``python -m splade_export.ray --shards N --output DIR -- PATH...``.

Each task encodes a shard of the corpus into a folder that all nodes share, in a process of its own, and the last task joins
the shards. A task whose node is lost is run again elsewhere, and goes on with what is whole.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class TaskKilled(Exception):
    """The program was ended by a signal, so the task is worth another try."""


class TaskFailed(Exception):
    """The program ended with an error, which another try would meet again."""


@dataclass(frozen=True)
class Job:
    """What is made of what.

    Attributes
    ----------
    arguments : sequence of str
        What is read, and the options of ``splade-export documents``.
    shards : int
        How many tasks share out the parts.
    output, work : Path
        The folder of the collection, and that of shards and logs.
    index : Path or None
        The folder of the Lucene index.
    force_merge : bool
        Whether the index is merged into one segment.
    threads : int or None
        Encoder threads of a task; None where it has a GPU.
    wait : int
        Seconds that a task waits for another one that still writes to the same shard.
    """

    arguments: Sequence[str]
    shards: int
    output: Path
    work: Path
    index: Path | None = None
    force_merge: bool = False
    threads: int | None = None
    wait: int = 600

    def shard(self, number: int) -> list[str]:
        """Return the arguments of the task that encodes a shard, from 1 on."""
        arguments = ["documents", *self.arguments, "--parts", f"{number}/{self.shards}", *self._resume()]
        arguments += ["--output", str(self._shard("shards", number))]
        if self.index is not None:
            arguments += ["--index", str(self._shard("indexes", number))]
        if self.threads is not None:
            arguments += ["--threads", str(self.threads)]
        return arguments

    def join(self) -> list[str]:
        """Return the arguments of the task that joins the shards."""
        numbers = range(1, self.shards + 1)
        arguments = ["join", *(str(self._shard("shards", number)) for number in numbers)]
        arguments += [*self._resume(), "--output", str(self.output)]
        if self.index is not None:
            arguments += ["--index", str(self.index)]
            arguments += ["--indexes", *(str(self._shard("indexes", number)) for number in numbers)]
        if self.force_merge:
            arguments.append("--force-merge")
        return arguments

    def log(self, name: str) -> Path:
        """Return the log of a task."""
        return self.work / "logs" / f"{name}.log"

    def _shard(self, kind: str, number: int) -> Path:
        return self.work / kind / f"{number:05}"

    def _resume(self) -> list[str]:
        return ["--resume", "--wait-for-lock", str(self.wait)]


def run(arguments: Sequence[str], log: Path, folder: str) -> None:
    """Run the program in a folder, with its messages in a log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as messages:
        # The program reads nothing from a terminal, and there is none.
        ended = subprocess.run(
            [sys.executable, "-m", "splade_export", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            cwd=folder,
            check=False,
        )
    if ended.returncode < 0:
        raise TaskKilled(f"signal {-ended.returncode} ended the program; see {log}")
    if ended.returncode > 0:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise TaskFailed(f"{lines[-1] if lines else 'the program failed'} (see {log})")


def export(job: Job, *, cpus: float, gpus: float, retries: int) -> None:
    """Encode all shards and join them, on the cluster that Ray is connected to.

    Raises
    ------
    TaskFailed
        If the program ended with an error.
    ray.exceptions.RayError
        If a task was lost more often than ``retries``.
    """
    import ray

    here = os.getcwd()
    task: Any = ray.remote(max_retries=retries, retry_exceptions=[TaskKilled])(run)
    encode = task.options(num_cpus=cpus, num_gpus=gpus)
    numbers = range(1, job.shards + 1)
    pending = [encode.remote(job.shard(number), job.log(f"{number:05}"), here) for number in numbers]
    while pending:
        ended, pending = ray.wait(pending, timeout=60)
        _get(ended)
        print(f"shards       {job.shards - len(pending)} of {job.shards} encoded", file=sys.stderr, flush=True)
    _get([task.options(num_cpus=1).remote(job.join(), job.log("join"), here)])
    print(f"output       {job.output}", file=sys.stderr)


def _get(ended: list[Any]) -> None:
    import ray

    try:
        ray.get(ended)
    except ray.exceptions.RayTaskError as error:
        # Names the cause, without the traceback of another machine.
        raise error.cause from None


def main() -> None:
    """Run the command."""
    own = sys.argv[1:]
    rest: list[str] = []
    if "--" in own:
        at = own.index("--")
        own, rest = own[:at], own[at + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m splade_export.ray",
        usage="%(prog)s --shards N --output DIR [option...] -- PATH... [option of documents...]",
        description="Encodes a corpus on a Ray cluster: a task for each shard, and one that joins the shards. All paths "
        "have to be the same on all nodes, on a file system that the nodes share.",
    )
    parser.add_argument("--shards", type=_count, required=True, metavar="N", help="tasks that encode a shard each")
    parser.add_argument("--output", type=_path, required=True, metavar="DIR", help="the collection to make")
    parser.add_argument("--index", type=_path, metavar="DIR", help="the Lucene index to make")
    parser.add_argument("--force-merge", action="store_true", help="merge the index into one segment")
    parser.add_argument("--work", type=_path, metavar="DIR", help="shards and logs (default: OUTPUT.work)")
    parser.add_argument("--cpus", type=_count, default=1, metavar="C", help="cores per task (default: 1)")
    parser.add_argument("--gpus", type=_count, metavar="G", help="GPUs per task (default: none)")
    parser.add_argument("--retries", type=_count, default=3, metavar="N", help="tries after a loss (default: 3)")
    parser.add_argument(
        "--wait",
        type=_count,
        default=600,
        metavar="SECONDS",
        help="how long a task that is run again waits for the first one, where that still lives (default: 600)",
    )
    parser.add_argument("--address", default="auto", help='the cluster (default: "auto")')
    given = parser.parse_args(own)
    if not rest:
        parser.error("behind -- stands what is read, and the options of documents")
    if given.force_merge and given.index is None:
        parser.error("--force-merge is about the index, so it needs --index")
    try:
        import ray
    except ImportError:
        sys.exit("error: Ray is not installed; install it on all nodes: pip install 'splade-export[ray]'")
    job = Job(
        arguments=rest,
        shards=given.shards,
        output=given.output,
        work=given.work or given.output.with_name(given.output.name + ".work"),
        index=given.index,
        force_merge=given.force_merge,
        threads=None if given.gpus else given.cpus,
        wait=given.wait,
    )
    ray.init(address=given.address, log_to_driver=False)
    try:
        export(job, cpus=given.cpus, gpus=given.gpus or 0, retries=given.retries)
    except (TaskFailed, TaskKilled, ray.exceptions.RayError) as error:
        sys.exit(f"error: {error}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be a positive whole number")
    return number


def _path(text: str) -> Path:
    return Path(text).absolute()


if __name__ == "__main__":
    # Imported by its own name: the tasks find it under that on every node.
    from splade_export.ray import main as command

    command()
