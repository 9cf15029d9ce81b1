"""Reads what splade-export wrote with other people's readers, and prints it as JSON: {docid: {term: number}}.

read.py ciff FILE           ciff-toolkit
read.py npz FOLDER KIND     lsr-benchmark's own loader and SciPy, which must agree; KIND is doc or query
read.py search FILE TOPICS  a Seismic index of FILE without approximation; {qid: {docid: score}}
"""

import json
import os
import sys
from pathlib import Path


def ciff(path):
    from ciff_toolkit.read import CiffReader

    with CiffReader(path) as reader:
        header = reader.read_header()
        vectors = {}
        for postings_list in reader.read_postings_lists():
            document = 0
            assert postings_list.df == len(postings_list.postings)
            assert postings_list.cf == sum(posting.tf for posting in postings_list.postings)
            for posting in postings_list.postings:
                document += posting.docid
                vectors.setdefault(document, {})[postings_list.term] = posting.tf
        documents = {}
        for record in reader.read_documents():
            vector = vectors.get(record.docid, {})
            assert record.doclength == sum(vector.values())
            documents[record.collection_docid] = vector
    assert header.num_docs == len(documents)
    return documents


def npz(folder, kind):
    import scipy.sparse
    from lsr_benchmark.irds import embeddings

    folder = Path(folder)
    terms = (folder / kind / f"{kind}-terms.txt").read_text().splitlines()
    matrix = scipy.sparse.load_npz(folder / kind / f"{kind}-embeddings.npz")
    assert matrix.shape[1] == len(terms)
    documents = {}
    for row, (docid, ids, values) in enumerate(embeddings("none", str(folder), kind)):
        vector = {terms[int(i)]: value.item() for i, value in zip(ids, values)}
        columns = matrix[[row]].tocoo()
        assert vector == {terms[i]: v.item() for i, v in zip(columns.col, columns.data)}
        documents[docid] = vector
    assert matrix.shape[0] == len(documents)
    return documents


def search(path, topics):
    import numpy
    import seismic

    # No posting is left out of the lists, and as many hits are asked for as there may be documents, so that no block
    # is passed over.
    index = seismic.SeismicIndex.build(path, n_postings=1_000_000, max_fraction=1e6, doc_cut=1_000_000)
    found = {}
    for line in Path(topics).read_text().splitlines():
        topic = json.loads(line)
        hits = index.search(
            query_id=topic["id"],
            query_components=numpy.array(list(topic["vector"]), dtype=seismic.get_seismic_string()),
            query_values=numpy.array(list(topic["vector"].values()), dtype=numpy.float32),
            k=1_000_000,
            query_cut=1_000_000,
            heap_factor=1.0,
        )
        found[topic["id"]] = {docid: score for _, score, docid in hits}
    return found


def main():
    # Keeps the standard output for the result alone: some of these readers print what they do.
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)
        readers = {"ciff": ciff, "npz": npz, "search": search}
        json.dump(readers[sys.argv[1]](*sys.argv[2:]), output)


main()
