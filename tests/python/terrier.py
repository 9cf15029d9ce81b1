"""Checks the transformers for PyTerrier, with the package and PyTerrier installed: terrier.py MODEL CORPUS QUERIES.

Where pyterrier-pisa is installed too, an index is made of the documents and searched.
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import pandas
import pyterrier as pt

from splade_export import DocumentEncoder, QueryEncoder
from splade_export.pyterrier import DocumentTransformer, QueryTransformer


def lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def check_queries(model, queries):
    frame = pandas.DataFrame([{"qid": query["_id"], "query": query["text"]} for query in queries])
    encoder = QueryEncoder(model)
    transformer = QueryTransformer(model)
    assert isinstance(transformer, pt.Transformer)
    found = transformer(pandas.concat([frame, frame]))
    assert list(found.query_toks) == [encoder.encode(query["text"]) for query in queries] * 2
    assert transformer.search("how do planes fly").query_toks[0] == encoder.encode("how do planes fly")
    weights = QueryTransformer(model, weights=True).search("how do planes fly").query_toks[0]
    assert all(type(weight) is float for weight in weights.values())
    assert list(transformer(frame.iloc[:0]).columns) == ["qid", "query", "query_toks"]
    # A pipeline takes it as any other transformer.
    pipeline = pt.apply.query(lambda row: row["query"]) >> transformer
    assert list(pipeline(frame).query_toks) == list(transformer(frame).query_toks)


def check_documents(model, records):
    frame = pandas.DataFrame([{"docno": record["_id"], "text": record["text"]} for record in records])
    found = DocumentTransformer(model)(frame)
    assert list(found.toks) == DocumentEncoder(model).encode(frame.text)
    try:
        DocumentTransformer(model, text_field="title")(frame)
    except ValueError as error:
        assert "'title'" in str(error)
    else:
        raise AssertionError("a column that is not there was encoded")


def check_search(model, records, queries):
    from pyterrier_pisa import PisaIndex

    documents = DocumentTransformer(model)
    frame = [{"docno": record["_id"], "text": record["text"]} for record in records]
    with tempfile.TemporaryDirectory() as folder:
        index = PisaIndex(f"{folder}/index", stemmer="none")
        (documents >> index.toks_indexer(scale=1)).index(frame)
        run = (QueryTransformer(model) >> index.quantized(num_results=10)).search(queries[0]["text"])
    assert len(run) > 0
    query = QueryEncoder(model).encode(queries[0]["text"])
    encoded = DocumentEncoder(model).encode([row["text"] for row in frame])
    vectors = {row["docno"]: vector for row, vector in zip(frame, encoded, strict=True)}
    # PISA multiplies the weights of a query by a hundred.
    for row in run.itertuples():
        score = sum(impact * vectors[row.docno].get(term, 0) for term, impact in query.items())
        assert row.score == 100 * score, (row.docno, row.score, score)
    print("searched through PISA")


def main():
    model, corpus, queries = sys.argv[1], lines(sys.argv[2]), lines(sys.argv[3])
    check_queries(model, queries)
    check_documents(model, corpus)
    if importlib.util.find_spec("pyterrier_pisa"):
        check_search(model, corpus, queries)
    else:
        print("SKIPPED: pyterrier-pisa is not installed, so nothing is searched")
    print("checked")


main()
