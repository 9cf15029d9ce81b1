"""Readers of the files that indexing and searching exchange: collections, topics, qrels and runs.

Needs nothing but Python 3.8. Ids stay strings everywhere: "007" and "7" are two queries.
"""

import gzip
import itertools
import json
import os
import re

# What Java calls white space, where Anserini splits terms. Python's str.split() would also split at U+00A0.
JAVA_SPACE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
SPLIT = re.compile(f"[{JAVA_SPACE}]+")
# Lucene cuts longer tokens in pieces.
LONGEST_TERM = 255


class InputError(Exception):
    """Something is wrong with a file of the user's; the message says where, and what to do."""


def open_text(path):
    """Opens a UTF-8 file, compressed with gzip or not."""
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        # Lines end at \n only: other characters that Python takes for line ends may stand inside a term.
        # "utf-8-sig" passes over a byte order mark, which would become a part of the first field.
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="\n") if compressed else open(
            path, encoding="utf-8-sig", newline="\n"
        )
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def numbered_lines(path):
    """Yields (place, line) for each line that is not blank."""
    try:
        with open_text(path) as file:
            for number, line in enumerate(file, 1):
                line = line.rstrip("\r\n")
                if line.strip():
                    yield f"{path}, line {number}", line
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is damaged or not UTF-8: {error}") from error


def parse_object(place, line):
    try:
        value = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: broken JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError(f"{place}: expected a JSON object")
    return value


def parse_vector(place, record):
    """The impacts of a JSON record as {term: int}, as Anserini will see them, or an error if it would not."""
    vector = record.get("vector")
    if not isinstance(vector, dict):
        raise InputError(f'{place}: no "vector" object')
    for term, weight in vector.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise InputError(f"{place}: the weight of {term!r} is not a number")
        if weight != int(weight):
            raise InputError(
                f"{place}: the weight of {term!r} is {weight}, not a whole number; Anserini would cut it to "
                f"{int(weight)}. Export impacts instead of float weights, for example with --step 0.1"
            )
        if not term or SPLIT.search(term) or len(term) > LONGEST_TERM:
            raise InputError(f"{place}: Anserini would split or lose the term {term!r}")
    return {term: int(weight) for term, weight in vector.items() if weight > 0}


def parse_id(place, record, names):
    for name in names:
        value = record.get(name)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
    raise InputError(f"{place}: no id (looked for {', '.join(names)})")


# ---- collections ------------------------------------------------------------------------------------------------


def collection_files(folder):
    """Every file: Anserini reads them all, whatever their names, in subfolders too."""
    found = [os.path.join(root, name) for root, _, names in os.walk(folder, followlinks=True) for name in names]
    return sorted(found)


def count_collection(folder):
    """(documents, empty, postings, sum of impacts) of a folder of JsonVectorCollection files."""
    documents = empty = postings = impacts = 0
    for path in collection_files(folder):
        for place, line in numbered_lines(path):
            record = parse_object(place, line)
            parse_id(place, record, ["id"])
            vector = parse_vector(place, record)
            documents += 1
            empty += not vector
            postings += len(vector)
            impacts += sum(vector.values())
    return documents, empty, postings, impacts


def read_manifest(path):
    """The same four counts, from the manifest that `splade-export documents` wrote."""
    try:
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        if manifest.get("kind") == "weights" or manifest.get("quantization", {}).get("step", 1) is None:
            raise InputError(
                f"{path} describes float weights (--step none), and Lucene stores whole numbers: Anserini would cut "
                "1.9 to 1. Export impacts, for example with --step 0.1"
            )
        counts = manifest["counts"]
        return tuple(int(counts[name]) for name in ("documents", "empty", "postings", "impact_sum"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not a manifest of splade-export: {error!r}") from error


# ---- topics -----------------------------------------------------------------------------------------------------


def check_qid(place, qid):
    if not qid or SPLIT.search(qid):
        raise InputError(f"{place}: {qid!r} cannot be a query's id: a run file has its fields between spaces")
    return qid


def parse_tsv_topic(place, line):
    qid, tab, text = line.partition("\t")
    if not tab:
        raise InputError(f"{place}: expected qid, a tab, and the query's terms")
    terms = {}
    for term in SPLIT.split(text):
        if term:
            terms[term] = terms.get(term, 0) + 1
    return check_qid(place, qid), terms


def parse_json_topic(place, line):
    record = parse_object(place, line)
    qid = parse_id(place, record, ["qid", "id", "_id"])
    return check_qid(place, qid), parse_vector(place, record)


def read_topics(path):
    """{qid: {term: impact}} from Anserini's TSV of repeated terms, or Pyserini's encoded topics in JSON Lines."""
    topics, parse = {}, None
    for place, line in numbered_lines(path):
        parse = parse or (parse_json_topic if line.lstrip().startswith("{") else parse_tsv_topic)
        qid, terms = parse(place, line)
        if qid in topics:
            raise InputError(f"{place}: the query id {qid!r} is there twice")
        topics[qid] = terms
    if not topics:
        raise InputError(f"{path} holds no topics")
    return topics


def write_tsv_topics(topics, path):
    """Anserini's form: each term repeated impact times."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for qid, terms in topics.items():
            repeated = itertools.chain.from_iterable(itertools.repeat(term, impact) for term, impact in terms.items())
            file.write(f"{qid}\t{' '.join(repeated)}\n")


# ---- qrels and runs ---------------------------------------------------------------------------------------------


def parse_judgment(place, line, beir):
    """(qid, docid, grade) from BEIR's three fields or TREC's four."""
    fields = line.split("\t") if "\t" in line else line.split()
    if len(fields) != (3 if beir else 4):
        expected = (
            "BEIR's three fields (query-id corpus-id score), as the first line says" if beir else
            "TREC's four fields (qid 0 docid grade); BEIR's qrels begin with the line: query-id corpus-id score"
        )
        raise InputError(f"{place}: there are {len(fields)} fields; expected {expected}")
    try:
        return fields[0].strip(), fields[-2].strip(), int(fields[-1])
    except ValueError:
        raise InputError(f"{place}: the grade {fields[-1]!r} is not a whole number") from None


def read_qrels(path):
    """{qid: {docid: grade}} from TREC or BEIR qrels."""
    qrels, beir = {}, None
    for place, line in numbered_lines(path):
        if beir is None:
            beir = line.split()[:2] == ["query-id", "corpus-id"]
            if beir:
                continue
        qid, docid, grade = parse_judgment(place, line, beir)
        qrels.setdefault(qid, {})[docid] = grade
    if not qrels:
        raise InputError(f"{path} holds no judgments")
    return qrels


def read_run(path):
    """Yields (qid, [(docid, score), ...]) from a TREC run file, whose lines stand together query by query."""
    rows = ((place, line.split()) for place, line in numbered_lines(path))
    seen = set()
    for qid, group in itertools.groupby(rows, key=lambda row: row[1][0]):
        if qid in seen:
            raise InputError(f"{path}: the lines of query {qid} do not stand together")
        seen.add(qid)
        hits = []
        for place, fields in group:
            if len(fields) != 6:
                raise InputError(f"{place}: expected six fields; does a document's id hold white space?")
            hits.append((fields[2], float(fields[4])))
        if len({docid for docid, _ in hits}) != len(hits):
            raise InputError(f"{path}: query {qid} has the same document twice; is a docid twice in the collection?")
        yield qid, hits
