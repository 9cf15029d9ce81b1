"""The steps of evaluate.sh that are not Anserini's: reading the inputs, searching through Pyserini, scoring.

Usage: evaluate.py prepare --topics FILE --qrels FILE --index DIR --tsv FILE [--bm25 LANGUAGE]
       evaluate.py search  --topics FILE --index DIR --hits N --threads N --run FILE --timing FILE [--bm25 LANGUAGE] [--remove-query]
       evaluate.py score   --topics FILE --qrels FILE --run FILE --hits N --searcher NAME --threads N --timing FILE
                           [--bm25 LANGUAGE] [--json FILE] [--per-query FILE]

`search` needs the environment that `setup.sh python` makes; the others need nothing but Python 3.8.
"""

import argparse
import json
import math
import os
import statistics
import struct
import sys
import time

from impact_files import InputError, read_qrels, read_run, read_topics, write_tsv_topics
from origins import differences

RUN_TAG = "splade-export"
# Enough for a 95th percentile; a large set of topics is not searched twice in full for it.
LATENCY_QUERIES = 1000


def with_terms(topics):
    """A query without terms finds nothing, and as a line without terms it would end Anserini's search."""
    return {qid: terms for qid, terms in topics.items() if terms}


def read_texts(path):
    """Topics that are not encoded: {qid: text}, of lines of qid, tab, text."""
    texts = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            qid, tab, text = line.rstrip("\n").partition("\t")
            if not tab or not qid:
                raise InputError(f"{path}, line {number}: expected a qid, a tab and a text")
            texts[qid] = text
    return texts


def read_queries(options):
    """Terms or texts by qid."""
    return read_texts(options.topics) if options.bm25 else read_topics(options.topics)


# ---- prepare ----------------------------------------------------------------------------------------------------


def prepare(options):
    """Checks topics and qrels before any search starts, and writes the topics as Anserini reads them."""
    topics = read_queries(options)
    judged = read_qrels(options.qrels).keys()
    if not judged & topics.keys():
        raise InputError(f"{options.qrels} judges none of the queries in {options.topics}: do they belong together?")
    missing = len(judged - topics.keys())
    if missing:
        print(f"warning: judged queries that are not among the topics: {missing}; they count as 0", file=sys.stderr)
    if options.bm25:
        return
    for warning in differences(options.topics, options.index):
        print(f"warning: {warning}", file=sys.stderr)
    searched = with_terms(topics)
    if not searched:
        raise InputError(f"no query in {options.topics} has a term")
    write_tsv_topics(searched, options.tsv)


# ---- search -----------------------------------------------------------------------------------------------------


class EncodedTopics:
    """A query encoder for Pyserini that only looks up what splade-export encoded; the text it is given is the qid."""

    def __init__(self, topics):
        self.topics = topics

    def encode(self, qid, **_):
        return self.topics[qid]


def measure_latency(searcher, queries, hits):
    """Milliseconds of each single search, one after the other in one thread."""
    times = []
    for query in queries[:LATENCY_QUERIES]:
        started = time.perf_counter()
        searcher.search(query, hits)
        times.append(1000 * (time.perf_counter() - started))
    return times


def write_run(results, path, remove_query):
    # Anserini's order: ids as Java compares strings.
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for qid in sorted(results, key=lambda qid: qid.encode("utf-16-be")):
            hits = (hit for hit in results[qid] if not (remove_query and hit.docid == qid))
            for rank, hit in enumerate(hits, 1):
                file.write(f"{qid} Q0 {hit.docid} {rank} {hit.score:.6f} {RUN_TAG}\n")


def open_impacts(options):
    """A searcher of impacts, the queries by qid, and what the searcher is given of each."""
    from pyserini.search.lucene import LuceneImpactSearcher

    topics = with_terms(read_topics(options.topics))
    # Terms with an idf of min_idf or less are dropped, and 0, the default, is the idf of a term in every document.
    searcher = LuceneImpactSearcher(options.index, EncodedTopics(topics), min_idf=-1)
    return searcher, list(topics), list(topics)


def open_bm25(options):
    """The same of analyzed text."""
    from pyserini.search.lucene import LuceneSearcher

    texts = read_texts(options.topics)
    searcher = LuceneSearcher(options.index)
    searcher.set_language(options.bm25)
    searcher.set_bm25(0.9, 0.4)
    return searcher, list(texts), list(texts.values())


def search(options):
    searcher, qids, queries = (open_bm25 if options.bm25 else open_impacts)(options)
    started = time.perf_counter()
    results = searcher.batch_search(queries, qids, options.hits, options.threads)
    seconds = time.perf_counter() - started
    write_run(results, options.run, options.remove_query)
    # Hundreds of thousands of Java objects, which would slow down what is measured next.
    del results
    # After the batch, so that the JVM is warm.
    with open(options.timing, "w", encoding="utf-8") as file:
        latency = measure_latency(searcher, queries, options.hits)
        json.dump({"queries_per_second": len(qids) / seconds, "latency_ms": latency}, file)


# ---- score: trec_eval's definitions, averaged over every judged query (its option -c) ---------------------------


def trec_order(hits):
    """trec_eval ignores the ranks in a run: by score, as a 32-bit float, then by docid, both descending."""
    as_float = struct.Struct("f")
    return [
        docid
        for _, docid in sorted(
            ((as_float.unpack(as_float.pack(score))[0], docid) for docid, score in hits),
            key=lambda hit: (hit[0], hit[1].encode()),
            reverse=True,
        )
    ]


def ndcg(ranking, grades, depth):
    def gain(values):
        return sum(max(value, 0) / math.log2(rank + 1) for rank, value in enumerate(values[:depth], 1))

    ideal = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(docid, 0) for docid in ranking[:depth]]) / ideal if ideal else 0.0


def recall(ranking, grades, depth):
    relevant = {docid for docid, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking, grades, depth):
    return next((1 / rank for rank, docid in enumerate(ranking[:depth], 1) if grades.get(docid, 0) > 0), 0.0)


MEASURES = {
    "nDCG@10": (ndcg, 10),
    "R@100": (recall, 100),
    "R@1000": (recall, 1000),
    "RR@10": (reciprocal_rank, 10),
}


def measure(qrels, run):
    """({measure: {judged qid: value}}, the ids of the queries with results)."""
    values, found = {name: dict.fromkeys(qrels, 0.0) for name in MEASURES}, set()
    for qid, hits in run:
        found.add(qid)
        grades = qrels.get(qid)
        if grades:
            ranking = trec_order(hits)
            for name, (function, depth) in MEASURES.items():
                values[name][qid] = function(ranking, grades, depth)
    return values, found


def summarize_latency(times):
    if not times:
        return None
    ordered = sorted(times)
    return {
        "mean": statistics.fmean(times),
        "median": statistics.median(times),
        "p95": ordered[math.ceil(0.95 * len(ordered)) - 1],
        "queries": len(times),
    }


def evaluate(options):
    """Everything that is reported, as one JSON object."""
    topics, qrels = read_queries(options), read_qrels(options.qrels)
    with open(options.timing, encoding="utf-8") as file:
        timing = json.load(file)
    values, found = measure(qrels, read_run(options.run))
    means = {name: sum(of_queries.values()) / len(qrels) for name, of_queries in values.items()}
    if options.per_query:
        with open(options.per_query, "w", encoding="utf-8", newline="\n") as file:
            for qid, value in values["nDCG@10"].items():
                file.write(f"{qid}\t{value}\n")
    return {
        # A measure deeper than the search would read as a bad result.
        "measures": {name: means[name] if depth <= options.hits else None for name, (_, depth) in MEASURES.items()},
        "queries": {
            "topics": len(topics),
            "judged": len(qrels),
            "judged_without_results": len(qrels.keys() - found),
        },
        "latency_ms": summarize_latency(timing.get("latency_ms")),
        "queries_per_second": timing.get("queries_per_second"),
        "searcher": options.searcher,
        "threads": options.threads,
        "hits": options.hits,
        "run": options.run,
    }


def print_table(result):
    for name, value in result["measures"].items():
        print(f"{name:<12}", f"needs --hits {MEASURES[name][1]}" if value is None else f"{value:.4f}")
    queries = result["queries"]
    print(f"{'queries':<12} {queries['judged']} judged, {queries['judged_without_results']} of them without results")
    latency = result["latency_ms"]
    if latency:
        times = ", ".join(f"{name} {latency[name]:.1f} ms" for name in ("mean", "median", "p95"))
        print(f"{'latency':<12} {times} (one thread, {latency['queries']} queries, JVM warm)")
    else:
        print(f"{'latency':<12} not measured by Anserini's own search; use --searcher pyserini")
    rate = result["queries_per_second"]
    print(f"{'throughput':<12}", f"{rate:.1f} queries/s, {result['threads']} threads" if rate else "not measured")
    print(f"{'run':<12} {result['run']}")


def score(options):
    result = evaluate(options)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2)
            file.write("\n")
    print_table(result)
    sys.stdout.flush()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    wanted = {
        prepare: ["topics", "qrels", "index", "tsv"],
        search: ["topics", "index", "hits", "threads", "run", "timing"],
        score: ["topics", "qrels", "run", "hits", "searcher", "threads", "timing"],
    }
    for function, names in wanted.items():
        step = steps.add_parser(function.__name__)
        step.set_defaults(function=function)
        for name in names:
            step.add_argument(f"--{name}", required=True, type=int if name in ("hits", "threads") else str)
    for step in steps.choices.values():
        step.add_argument("--bm25")
    steps.choices["search"].add_argument("--remove-query", action="store_true")
    for name in ("json", "per-query"):
        steps.choices["score"].add_argument(f"--{name}")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        arguments = parse_arguments()
        arguments.function(arguments)
    except BrokenPipeError:
        # Nobody reads the table any more, which is no failure. Python would write the rest of it when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (InputError, OSError) as error:
        sys.exit(f"error: {error}")
