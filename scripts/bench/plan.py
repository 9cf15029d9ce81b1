"""Times a plan, a shard with one, or how a run goes on; scripts/bench/plan.sh calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

MB_PER_CORE, MOST_MB = 300, 300
MOST_SECONDS, MOST_EXCESS = 2, 0.01


def plan(corpus, threads, binary, output):
    size = Path(corpus).stat().st_size
    # The first reading is the disk's, not the program's.
    subprocess.run(["cat", corpus], stdout=subprocess.DEVNULL, check=True)
    started = time.perf_counter()
    process = subprocess.Popen([binary, "plan", corpus, "--quiet", "--threads", threads, "--output", output])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(1)
    seconds, processor = time.perf_counter() - started, used.ru_utime + used.ru_stime
    rate, memory = size / 1e6 / processor, used.ru_maxrss * 1024 / 1e6
    print(f"plan         {size / 1e6:.0f} MB, {threads} threads: {seconds:.1f} s, {rate:.0f} MB/s per core, {memory:.0f} MB memory")
    if rate < MB_PER_CORE or memory >= MOST_MB:
        sys.exit(f"error: at least {MB_PER_CORE} MB/s per core and less than {MOST_MB} MB are wanted")


def read_bytes(process):
    fields = Path(f"/proc/{process}/io").read_text().split()
    return int(fields[fields.index("rchar:") + 1])


def shard(corpus, shards, binary, plan_file, model, output):
    number = int(shards) // 2
    parts = json.loads(Path(plan_file).read_text())["parts"]
    share = sum(end - begin for begin, end in spans(parts, Path(corpus).stat().st_size)[number - 1 :: int(shards)])
    arguments = ["--plan", plan_file, "--parts", f"{number}/{shards}", "--model", model, "--output", output]
    started = time.perf_counter()
    process = subprocess.Popen([binary, "documents", corpus, "--quiet", *arguments])
    begun, read = None, 0
    while process.poll() is None:
        begun = begun or (time.perf_counter() - started if any(Path(output).glob(".unfinished/*-0*")) else None)
        try:
            read = max(read, read_bytes(process.pid))
        except (OSError, ValueError):
            pass
        time.sleep(0.002)
    if process.returncode:
        sys.exit(process.returncode)
    excess = read / share - 1
    print(
        f"shard        {number}/{shards}: first batch or part written after {begun:.2f} s, "
        f"{read / 1e6:.1f} MB read for a share of {share / 1e6:.1f} MB ({excess:+.2%})"
    )
    if begun > MOST_SECONDS or excess > MOST_EXCESS:
        sys.exit(f"error: at most {MOST_SECONDS} s and {MOST_EXCESS:.0%} are wanted")


def whole_parts(output):
    return len(list(Path(output).glob("documents/part-*")))


def resume(corpus, binary, plan_file, model, output):
    """Interrupt a run without a plan in the middle, and time how soon the next one has skipped what is whole."""
    parts = json.loads(Path(plan_file).read_text())["parts"]
    command = [binary, "documents", corpus, "--quiet", "--max-length", "3", "--compress", "none"]
    command += ["--model", model, "--output", output, "--resume"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and whole_parts(output) < len(parts) // 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.wait()
    kept = whole_parts(output)
    if not 0 < kept < len(parts):
        sys.exit(f"error: the run was not interrupted in its middle, but with {kept} of {len(parts)} parts whole")
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and whole_parts(output) == kept:
        time.sleep(0.002)
    seconds = time.perf_counter() - started
    process.terminate()
    process.wait()
    skipped = parts[kept]["offset"] / 1e6
    print(f"resume       {kept} parts, {skipped:.0f} MB skipped and one part made after {seconds:.2f} s: {skipped / seconds:.0f} MB/s")
    if skipped / seconds < MB_PER_CORE:
        sys.exit(f"error: at least {MB_PER_CORE} MB/s are wanted")


def spans(parts, size):
    begins = [part["offset"] for part in parts]
    return list(zip(begins, [*begins[1:], size], strict=True))


{"plan": plan, "shard": shard, "resume": resume}[sys.argv[1]](*sys.argv[2:])
