"""Repeats the documents of a collection of float weights under new docids: repeat_collection.py FROM TO DOCUMENTS PART_SIZE COMPRESSION

FROM is a folder that `splade-export documents --step none` made. TO becomes a folder of the same kind, with its manifest;
COMPRESSION is none or gzip.
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path


def read_lines(folder, manifest):
    lines = []
    for part in manifest["parts"]:
        path = folder / "documents" / part["name"]
        opened = gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb")
        with opened as file:
            for line in file:
                document = json.loads(line)
                # What follows the docid is copied as it is.
                rest = line[line.index(b', "contents"') :]
                lines.append((rest, len(document["vector"])))
    return lines


def main():
    source, target, documents, part_size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    compressed = sys.argv[5] == "gzip"
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    lines = read_lines(source, manifest)
    (target / "documents").mkdir(parents=True)
    parts, digest = [], ""
    for number, begin in enumerate(range(0, documents, part_size)):
        chosen = [(i, lines[i % len(lines)]) for i in range(begin, min(begin + part_size, documents))]
        body = b"".join(b'{"id": "d%d"%s' % (i, rest) for i, (rest, _) in chosen)
        name = f"part-{number:05}.jsonl" + (".gz" if compressed else "")
        data = gzip.compress(body, 6, mtime=0) if compressed else body
        (target / "documents" / name).write_bytes(data)
        digest = hashlib.sha256(digest.encode() + hashlib.sha256(body).hexdigest().encode()).hexdigest()
        counts = dict.fromkeys(manifest["counts"], 0)
        counts.update(
            documents=len(chosen),
            empty=sum(terms == 0 for _, (_, terms) in chosen),
            postings=sum(terms for _, (_, terms) in chosen),
            max_weight=manifest["counts"]["max_weight"],
        )
        sha256 = hashlib.sha256(data).hexdigest()
        parts.append({"name": name, "sha256": sha256, "bytes": len(data), "input_sha256": digest, "counts": counts})
    totals = {name: sum(part["counts"][name] for part in parts) for name in manifest["counts"]}
    totals["max_weight"] = manifest["counts"]["max_weight"]
    manifest["accounting"].update(read=documents, written=documents, rejected=0, rejected_sha256=None)
    manifest["collection"].update(part_size=part_size, compression="gzip" if compressed else "none")
    manifest.update(counts=totals, parts=parts)
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


main()
