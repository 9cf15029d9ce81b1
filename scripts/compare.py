"""The steps of compare.sh that are not searches: reading the dataset, and putting results side by side.

Usage: compare.py unpack ZIP FOLDER
       compare.py texts DATASET FOLDER
       compare.py table FOLDER --dataset NAME --max-length N --language CODE --threads N
"""

import argparse
import json
import os
import random
import sys
import zipfile
from pathlib import Path

from impact_files import InputError

PERMUTATIONS = 10_000
SIGNIFICANT = 0.05

# Folder of the results, name of the system, folder of its weights.
SYSTEMS = [
    ("bm25", "BM25", None),
    ("max-0.01", "SPLADE max, step 0.01", "max-weights"),
    ("max-0.1", "SPLADE max, step 0.1", "max-weights"),
    ("max-8-bits", "SPLADE max, 8 bits", "max-weights"),
    ("max-top-128", "SPLADE max, step 0.01, top-k 128", "max-weights"),
    ("int8-0.01", "SPLADE max, step 0.01, int8 encoder", "int8-weights"),
    ("sum-0.01", "SPLADE sum, step 0.01", "sum-weights"),
    ("sum-0.1", "SPLADE sum, step 0.1", "sum-weights"),
]


# ---- the dataset ------------------------------------------------------------------------------------------------


def unpack(options):
    """Unpacks the files of a BEIR archive that are needed, whatever folder they lie in there."""
    wanted = ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"]
    try:
        archive = zipfile.ZipFile(options.zip)
    except zipfile.BadZipFile as error:
        raise InputError(f"{options.zip}: {error}; name a BEIR dataset") from error
    with archive:
        for name in wanted:
            members = [m for m in archive.namelist() if m == name or m.endswith("/" + name)]
            if len(members) != 1:
                raise InputError(f"{options.zip} has {len(members)} files {name}; name a BEIR dataset")
            target = Path(options.folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(members[0]) as source, open(target, "wb") as out:
                while chunk := source.read(1 << 20):
                    out.write(chunk)


def records(path):
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    record = json.loads(line)
                    record["_id"] = str(record["_id"])
                except (ValueError, KeyError, TypeError) as error:
                    raise InputError(f"{path}, line {number}: not a record of a BEIR dataset: {error!r}") from error
                yield record


def whole_text(record):
    """Title and text, as they are encoded."""
    return " ".join(part for part in (record.get("title"), record.get("text")) if part)


def texts(options):
    """Writes documents and topics as Anserini analyzes them."""
    data, folder = Path(options.dataset), Path(options.folder)
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    with open(folder / "documents" / "documents.jsonl", "w", encoding="utf-8", newline="\n") as file:
        for record in records(data / "corpus.jsonl"):
            json.dump({"id": record["_id"], "contents": whole_text(record)}, file)
            file.write("\n")
    with open(folder / "topics.tsv", "w", encoding="utf-8", newline="\n") as file:
        for record in records(data / "queries.jsonl"):
            # A line of a TSV file has no line break and no tab in its text.
            file.write(f"{record['_id']}\t{' '.join(whole_text(record).split())}\n")


# ---- the results ------------------------------------------------------------------------------------------------


def read_per_query(path):
    with open(path, encoding="utf-8") as file:
        return {qid: float(value) for qid, value in (line.rstrip("\n").split("\t") for line in file)}


def randomization_test(first, second):
    """Probability that swapping the two systems at random in each query gives a mean difference as large as theirs."""
    differences = [second[qid] - first[qid] for qid in first if second[qid] != first[qid]]
    observed = abs(sum(differences)) - 1e-12
    chance = random.Random(20260101)
    as_large = 0
    for _ in range(PERMUTATIONS):
        signs = chance.getrandbits(len(differences)) if differences else 0
        total = 0.0
        for difference in differences:
            total += difference if signs & 1 else -difference
            signs >>= 1
        as_large += abs(total) >= observed
    return (as_large + 1) / (PERMUTATIONS + 1)


def seconds(folder, name):
    """Wall time of a step, as bench/measure.py writes it."""
    return float((folder / "times" / name).read_text().split()[2])


def index_bytes(folder):
    return sum(file.stat().st_size for file in folder.iterdir() if file.name != "write.lock")


def system_row(folder, system, first):
    place, name, weights = system
    scores = json.loads((folder / place / "scores.json").read_text(encoding="utf-8"))
    measures, latency = scores["measures"], scores["latency_ms"]
    per_query = read_per_query(folder / place / "per-query.tsv")
    return {
        "name": name,
        "ndcg_10": measures["nDCG@10"],
        "recall_100": measures["R@100"],
        "recall_1000": measures["R@1000"],
        "p_value": randomization_test(first, per_query) if first else None,
        "latency_mean": latency["mean"],
        "latency_p95": latency["p95"],
        "index_bytes": index_bytes(folder / place / "index"),
        "encoding_seconds": seconds(folder, weights) if weights else None,
        "indexing_seconds": seconds(folder, place),
    }, per_query


def size(value):
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.1f} kB"


def cells(row):
    p = row["p_value"]
    return [
        row["name"],
        f"{row['ndcg_10']:.4f}",
        "–" if p is None else f"{p:.4f}" + ("*" if p < SIGNIFICANT else ""),
        f"{row['recall_100']:.4f}",
        f"{row['recall_1000']:.4f}",
        f"{row['latency_mean']:.1f} ms",
        f"{row['latency_p95']:.1f} ms",
        size(row["index_bytes"]),
        "–" if row["encoding_seconds"] is None else f"{row['encoding_seconds']:.1f} s",
        f"{row['indexing_seconds']:.1f} s",
    ]


COLUMNS = ["system", "nDCG@10", "p", "R@100", "R@1000", "mean", "95th", "index", "encoding", "indexing"]


def markdown(comparison):
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|" + "--:|" * (len(COLUMNS) - 1)]
    lines += [f"| {' | '.join(cells(row))} |" for row in comparison["rows"]]
    setup = f"{comparison['documents']:,} documents, {comparison['queries']} judged queries; {comparison['setup']}."
    return "\n".join([*lines, "", setup, ""])


def print_table(comparison):
    table = [COLUMNS, *(cells(row) for row in comparison["rows"])]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    for row in table:
        print("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip())


def table(options):
    folder = Path(options.folder)
    rows, first, judged = [], None, 0
    for system in SYSTEMS:
        row, per_query = system_row(folder, system, first)
        first, judged = first or per_query, len(per_query)
        rows.append(row)
    manifest = json.loads((folder / "max-weights" / "manifest.json").read_text(encoding="utf-8"))
    comparison = {
        "dataset": options.dataset,
        "documents": manifest["counts"]["documents"],
        "queries": judged,
        "setup": f"{manifest['tool']}, texts of at most {options.max_length} tokens, searched by Pyserini for 1,000 hits in one "
        f"thread, encoded and indexed on {options.threads} cores; BM25 has k1 0.9, b 0.4 and the analyzer for "
        f"'{options.language}'; p by a paired randomization test against {rows[0]['name']}",
        "rows": rows,
    }
    with open(folder / "comparison.json", "w", encoding="utf-8") as file:
        json.dump(comparison, file, indent=2, ensure_ascii=False)
        file.write("\n")
    (folder / "comparison.md").write_text(markdown(comparison), encoding="utf-8")
    print_table(comparison)
    sys.stdout.flush()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)
    for function, names in ((unpack, ["zip", "folder"]), (texts, ["dataset", "folder"]), (table, ["folder"])):
        step = steps.add_parser(function.__name__)
        step.set_defaults(function=function)
        for name in names:
            step.add_argument(name)
        if function is table:
            for name in ("dataset", "max-length", "language", "threads"):
                step.add_argument(f"--{name}", required=True)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        arguments = parse_arguments()
        arguments.function(arguments)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
