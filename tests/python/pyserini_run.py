"""Searches with the query encoder and with encoded topics; the runs are to be equal: MODEL INDEX TOPICS."""

import json
import sys
from pathlib import Path

from pyserini.search.lucene import LuceneImpactSearcher

from splade_export import QueryEncoder


class Encoded:
    """Looks queries up among encoded topics."""

    def __init__(self, topics):
        self.topics = {topic["contents"]: topic["vector"] for topic in topics}

    def encode(self, text, **_):
        return self.topics[text]


def run(index, encoder, topics):
    searcher = LuceneImpactSearcher(index, encoder, min_idf=-1)
    lines = []
    for topic in topics:
        for rank, hit in enumerate(searcher.search(topic["contents"], k=100), 1):
            lines.append(f"{topic['qid']} Q0 {hit.docid} {rank} {hit.score} run")
    return "\n".join(lines)


def main():
    model, index, file = sys.argv[1:]
    topics = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    found = run(index, QueryEncoder(model), topics)
    assert found == run(index, Encoded(topics), topics)
    print(len(found.splitlines()), "lines are equal")


main()
