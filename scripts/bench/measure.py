"""Runs a command: measure.py FILE COMMAND...; FILE gets user, system and wall seconds and the peak memory in KB."""

import resource
import subprocess
import sys
import time


def main():
    file, command = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    code = subprocess.call(command)
    wall = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Kilobytes on Linux, bytes on macOS.
    peak = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    with open(file, "w") as out:
        print(f"{used.ru_utime:.2f} {used.ru_stime:.2f} {wall:.2f} {peak}", file=out)
    return code


sys.exit(main())
