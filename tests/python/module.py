"""Checks the installed package: module.py MODEL CORPUS WEIGHTS_COLLECTION IMPACTS_COLLECTION TOPICS."""

import json
import sys
import threading
from pathlib import Path

import splade_export
from splade_export import DocumentEncoder, ModelError, QueryEncoder, SettingError, SpladeEncoder


def lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def raises(kind, part, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except kind as error:
        assert part in str(error), str(error)
        return
    raise AssertionError(f"{part}: nothing was raised")


def near(found, expected):
    assert found.keys() == expected.keys(), found.keys() ^ expected.keys()
    for term, weight in expected.items():
        assert abs(found[term] - weight) < 1e-4, (term, found[term], weight)


def check_weights(encoder, texts, expected):
    found = encoder.encode(texts)
    assert len(found) == len(texts)
    for vector, line in zip(found, expected, strict=True):
        near(vector, line["vector"])
        assert all(type(weight) is float for weight in vector.values())
    assert encoder.encode([]) == []


def check_threads(encoder, texts):
    alone = encoder.encode(texts)
    results = {}

    def work(number):
        results[number] = encoder.encode(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[number] == alone for number in range(8))


def check_impacts(model, records, expected):
    encoder = DocumentEncoder(model)
    found = encoder.encode([r["text"] for r in records], titles=[r.get("title", "") for r in records])
    differing = sum(vector != line["vector"] for vector, line in zip(found, expected, strict=True))
    # A weight at the border of two impacts may round to the other side in another batch.
    assert differing * 20 <= len(records), differing
    assert all(type(impact) is int for impact in found[0].values())


def check_queries(model, topics):
    encoder = QueryEncoder(model)
    assert encoder.encode("") == {}
    for topic in topics:
        assert encoder.encode(topic["contents"], max_length=64) == topic["vector"], topic["contents"]
    weights = QueryEncoder(model, weights=True).encode(topics[0]["contents"])
    assert all(type(weight) is float for weight in weights.values())


def check_csr(encoder, texts):
    try:
        import scipy.sparse  # noqa: F401
    except ImportError:
        raises(ImportError, "splade-export[scipy]", encoder.encode_csr, texts)
        return
    matrix = encoder.encode_csr(texts)
    assert matrix.shape == (len(texts), len(encoder.vocabulary))
    matrix.check_format(full_check=True)
    for row, vector in zip(matrix, encoder.encode(texts), strict=True):
        terms = [encoder.vocabulary[column] for column in row.indices]
        assert dict(zip(terms, row.data.tolist(), strict=True)) == vector


def check_windows(model):
    encoder = SpladeEncoder(model, max_length=16, long="windows")
    text = "planes fly " * 40 + "bread"
    assert "bread" in encoder.encode([text])[0]
    assert "bread" not in SpladeEncoder(model, max_length=16).encode([text])[0]


def check_pruning(model, texts):
    whole = SpladeEncoder(model, threads=1).encode(texts)
    for vector, pruned in zip(whole, SpladeEncoder(model, threads=1, keep_mass=0.5).encode(texts), strict=True):
        assert pruned.items() <= vector.items()
        # As few of the heaviest terms as have half of the whole weight.
        half, least = sum(vector.values()) / 2, min(pruned.values())
        assert sum(pruned.values()) >= half - 1e-5 > sum(pruned.values()) - least - 2e-5
        assert all(weight <= least for term, weight in vector.items() if term not in pruned)
    raises(SettingError, "`keep_mass` must be", SpladeEncoder, model, keep_mass=0)
    raises(SettingError, "`keep_mass` must be", SpladeEncoder, model, keep_mass=1.5)


def check_misuse(model):
    raises(ModelError, "not a model folder", SpladeEncoder, "/no/such/model")
    raises(SettingError, "`precision`", SpladeEncoder, model, precision="fp64")
    raises(ValueError, "`max_length`", SpladeEncoder, model, max_length=10**6)
    raises(SettingError, "`long`", SpladeEncoder, model, long="split")
    raises(SettingError, "`step`", QueryEncoder, model, step=0)
    raises(SettingError, "`preset` is naver or anserini", QueryEncoder, model, preset="\x1b[31m")
    raises(SettingError, r'not "\u{1b}[31m"', QueryEncoder, model, rounding="\x1b[31m")
    raises(SettingError, "`min_impact`", QueryEncoder, model, min_impact=2**31)
    raises(SettingError, "largest weight", QueryEncoder, model, normalize="corpus")
    raises(TypeError, "no option", QueryEncoder, model, precission="fp32")
    encoder = SpladeEncoder(model, threads=1)
    raises(TypeError, "a single string", encoder.encode, "text")
    raises(TypeError, "str", encoder.encode, [1])


def main():
    model, corpus, weights, impacts, topics = sys.argv[1:]
    records = lines(corpus)
    texts = [" ".join(part for part in (r.get("title", ""), r["text"]) if part) for r in records]
    encoder = SpladeEncoder(model, device="cpu")
    check_weights(encoder, texts, lines(weights))
    check_threads(encoder, texts[:20])
    check_impacts(model, records, lines(impacts))
    check_queries(model, lines(topics))
    check_csr(encoder, texts[:20])
    check_windows(model)
    check_pruning(model, texts[:20])
    check_misuse(model)
    explanation = encoder.explain("how do planes fly")
    assert explanation["terms"][0]["weight"] >= explanation["terms"][-1]["weight"]
    assert splade_export.__all__
    print("checked")


main()
