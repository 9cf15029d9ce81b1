"""The command ``splade-export``."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from ._runtime import library


def main() -> NoReturn:
    """Become the program: its signals, exit codes and streams are those of any native command."""
    program = Path(__file__).parent / "bin" / "splade-export"
    environment = dict(os.environ)
    found = library()
    if found is not None:
        environment["ORT_DYLIB_PATH"] = found
    try:
        os.execve(program, ["splade-export", *sys.argv[1:]], environment)
    except OSError as error:
        sys.exit(f"error: {program}: {error.strerror}; install the package again: pip install --force-reinstall splade-export")


if __name__ == "__main__":
    main()
