"""Makes stand-ins for the CUDA libraries that torch's wheel for Linux is linked to.

PyPI has torch for x86_64 only together with CUDA: 2.5 GB of libraries that the loader wants to see and that are never
called on a CPU. Each stand-in has the library's name and the symbols torch asks for, and all of them abort: a result
can never come out of one. `scripts/setup.sh transformers` calls this; it needs readelf and cc.

Usage: torch_standins.py SITE_PACKAGES
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

# Found without help: the system's libraries, torch's own, and the driver's, which is loaded only where it exists.
FOUND = re.compile(r"ld-linux|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|cuda)\.so|lib(torch|c10|shm|caffe2|gomp|gfortran)")
# What is not versioned and belongs to one of NVIDIA's libraries.
PLAIN = re.compile(r"nccl|cuFile|cusparseLt|cu[A-Z]")


def readelf(*arguments):
    run = subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def wanted(libraries):
    """Library -> version -> symbols, over everything that `libraries` are linked to."""
    versions = {}
    names = set()
    symbols = defaultdict(set)
    for library in libraries:
        file = None
        for line in readelf("--dynamic", "--version-info", "--dyn-syms", library):
            if "(NEEDED)" in line:
                names.add(line.split("[")[1].rstrip("]"))
            elif match := re.search(r"File: (\S+)", line):
                file = match[1]
            elif match := re.search(r"Name: (\S+) +Flags", line):
                versions[match[1]] = file
            elif match := re.search(r" UND (\w+)(?:@(\S+))?", line):
                symbols[match[2]].add(match[1])
    found = {name: {} for name in names}
    for version, file in versions.items():
        found[file][version] = sorted(symbols[version])
    # Libraries without versions: which symbol is whose is not said, so each has all of them.
    for name in names:
        found[name] = found[name] or {"": sorted(s for s in symbols[None] if PLAIN.match(s))}
    return found


def make(folder, name, versions):
    symbols = sorted({symbol for listed in versions.values() for symbol in listed})
    source = ["void abort(void);"] + [f"void {symbol}(void) {{ abort(); }}" for symbol in symbols]
    command = ["cc", "-shared", "-fPIC", "-w", "-x", "c", "-", "-o", folder / name, f"-Wl,-soname,{name}"]
    script = folder / f"{name}.map"
    if "" not in versions:
        # A loader that looks for a version in a library without any gives up.
        nodes = [f"{version} {{ global: {' '.join(s + ';' for s in listed)} }};" for version, listed in versions.items()]
        script.write_text("\n".join(nodes) + "\n")
        command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, input="\n".join(source), text=True, check=True)
    script.unlink(missing_ok=True)


def main(packages):
    libraries = sorted((packages / "torch/lib").glob("*.so"))
    folder = packages / "nvidia/cu13/lib"
    for name, versions in sorted(wanted(libraries).items()):
        # The small ones of NVIDIA's that torch does call are installed.
        if not FOUND.match(name) and not (folder / name).exists():
            make(folder, name, versions)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
