"""Prints the mean time of a short query: query_time.py MODEL MOST_MILLISECONDS, or --sentence-transformers MODEL."""

import sys
import time

QUERIES = ["how do planes fly", "what causes huge storms at sea", "making bread at home", "old maps of the moon"]
REPETITIONS = 50


def mean(encode):
    for query in QUERIES:
        encode(query)
    started = time.perf_counter()
    for _ in range(REPETITIONS):
        for query in QUERIES:
            encode(query)
    return (time.perf_counter() - started) / (REPETITIONS * len(QUERIES)) * 1000


def peer(model):
    import sentence_transformers

    encoder = sentence_transformers.SparseEncoder(model, device="cpu")
    return mean(encoder.encode_query)


def main():
    if sys.argv[1] == "--sentence-transformers":
        print(f"sentence-transformers: {peer(sys.argv[2]):.2f} ms a query")
        return
    from splade_export import QueryEncoder

    milliseconds = mean(QueryEncoder(sys.argv[1]).encode)
    print(f"QueryEncoder: {milliseconds:.2f} ms a query")
    if milliseconds > float(sys.argv[2]):
        sys.exit(f"error: more than {sys.argv[2]} ms a query are too many")


main()
