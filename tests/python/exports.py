"""Checks the functions that export, against the command's own outputs: exports.py MODEL CORPUS FOLDER.

FOLDER holds what the command made of CORPUS: whole/ and whole-index/ (parts of 20), weights/, topics.jsonl of queries.jsonl.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import splade_export
from splade_export import CollectionError, CorpusError, RunError, SettingError, SpladeEncoder
from splade_export.ray import Job


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def raises(kind, part, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except kind as error:
        assert part in str(error), str(error)
        return error
    raise AssertionError(f"{part}: nothing was raised")


def many(corpus, path, copies):
    """Write the corpus again and again, so that encoding it takes a while."""
    records = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            for number, record in enumerate(records):
                file.write(json.dumps({**record, "_id": f"{copy}-{number}"}) + "\n")
    return len(records) * copies


def check_documents(model, corpus, folder):
    seen = []
    made = splade_export.documents(
        corpus, model=model, output="whole-py", index="index-py", part_size=20, progress=seen.append
    )
    assert files(Path("whole-py")) == files(folder / "whole")
    assert files(Path("index-py")) == files(folder / "whole-index")
    assert made.counts.documents == seen[-1].documents == len(corpus.read_text().splitlines())
    assert seen[-1].read == 1.0 and seen[-1].tokens == made.counts.tokens > 0
    assert [(output.format, output.path) for output in made.outputs] == [
        ("json-vectors", Path("whole-py")),
        ("lucene", Path("index-py")),
    ]
    raises(RunError, "exists already", splade_export.documents, corpus, model=model, output="whole-py")
    again = splade_export.documents(
        [corpus], model=model, output="whole-py", index="index-py", part_size=20, resume=True
    )
    assert again.counts == made.counts


def check_shards(model, corpus, folder):
    shards, indexes = ["shard-1", "shard-2"], ["shard-index-1", "shard-index-2"]
    for number, (shard, index) in enumerate(zip(shards, indexes, strict=True), 1):
        parts = f"{number}/2"
        splade_export.documents(corpus, model=model, output=shard, index=index, part_size=20, parts=parts)
    joined = splade_export.join(shards, "joined", index="joined-index", indexes=indexes)
    assert joined.counts.documents > 0
    assert files(Path("joined")) == files(folder / "whole")
    assert files(Path("joined-index")) == files(folder / "whole-index")


def check_cluster_job(corpus, folder):
    job = Job([str(corpus), "--part-size", "20", "--quiet"], 3, Path("ray"), Path("ray.work"), Path("ray-index"), threads=1)
    for arguments in [*(job.shard(number) for number in (1, 2, 3)), job.join()]:
        subprocess.run([sys.executable, "-m", "splade_export", *arguments], check=True, stderr=subprocess.DEVNULL)
    assert files(Path("ray")) == files(folder / "whole")
    assert files(Path("ray-index")) == files(folder / "whole-index")


def check_convert_index_topics(model, folder):
    splade_export.convert(folder / "weights", output="converted", index="converted-index")
    assert files(Path("converted")) == files(folder / "whole")
    made = splade_export.index("converted", "built")
    assert made.documents == splade_export.verify("converted", "built").index.documents
    merged = splade_export.index("built", "merged", merge=True)
    assert merged.postings == made.postings
    topics = splade_export.topics(folder / "queries.jsonl", "topics.jsonl", model=model)
    assert Path("topics.jsonl").read_bytes() == (folder / "topics.jsonl").read_bytes()
    assert topics.topics == len(Path("topics.jsonl").read_text().splitlines())


def check_verify():
    found = splade_export.verify("whole-py", "index-py")
    assert found.documents == found.index.documents + found.index.empty and found.parts > 1
    assert splade_export.verify("index-py").documents is None
    part = Path("whole-py/documents/part-00001.jsonl.gz")
    part.write_bytes(part.read_bytes()[:-1])
    error = raises(CollectionError, "problem", splade_export.verify, "whole-py")
    assert any("part-00001" in note for note in error.__notes__), error.__notes__


def check_repair(model, corpus, folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        options = {"model": model, "part_size": 20, "resume": True}
        splade_export.documents(corpus, output="whole-py", index="index-py", **options)
    assert [warning.category for warning in caught] == [splade_export.SpladeExportWarning]
    assert "made again" in str(caught[0].message)
    assert files(Path("whole-py")) == files(folder / "whole")


def check_misuse(model, corpus):
    documents = splade_export.documents
    raises(SettingError, "nothing to write", documents, corpus, model=model)
    raises(SettingError, "`force_merge`", documents, corpus, model=model, output="no", force_merge=True)
    raises(SettingError, "`max_errors`", documents, corpus, model=model, output="no", max_errors=1)
    raises(SettingError, "`format`", documents, corpus, model=model, output="no", format=["xml"])
    raises(SettingError, "`parts`", documents, corpus, model=model, index="no", parts="1/2")
    raises(SettingError, "`parts`", documents, corpus, model=model, output="no", parts="3/2")
    raises(SettingError, "`max_impact`", documents, corpus, model=model, output="no", max_impact=255, step=1)
    raises(TypeError, "part_size", documents, corpus, model=model, output="no", part_size="many")
    raises(SettingError, "`resume`", documents, corpus, model=model, output="no", wait_for_lock=1)
    raises(TypeError, "no option", documents, corpus, model=model, output="no", part_sise=20)
    raises(CorpusError, "/no/such/file", documents, "/no/such/file", model=model, output="no")
    assert not Path("no").exists()


def check_interrupts(model, corpus):
    count = many(corpus, Path("many.jsonl"), 10)
    options = {"model": model, "part_size": 200, "threads": 1}
    whole = splade_export.documents("many.jsonl", output="many", **options)
    assert whole.counts.documents == count

    def interrupt(_):
        os.kill(os.getpid(), signal.SIGINT)

    raises(KeyboardInterrupt, "", splade_export.documents, "many.jsonl", output="cut", progress=interrupt, **options)
    assert not Path("cut/manifest.json").exists()
    again = {**options, "output": "cut", "resume": True, "wait_for_lock": 600}
    failed = raises(ValueError, "enough", splade_export.documents, "many.jsonl", progress=fail, **again)
    assert type(failed) is ValueError
    assert not Path("cut/manifest.json").exists()
    splade_export.documents("many.jsonl", **again)
    assert files(Path("cut")) == files(Path("many"))


def fail(_):
    raise ValueError("enough")


def check_interrupted_encoder(model, corpus):
    encoder = SpladeEncoder(model, threads=1)
    texts = [json.loads(line)["text"] for line in corpus.read_text(encoding="utf-8").splitlines()] * 20
    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        while True:
            encoder.encode(texts)
    except KeyboardInterrupt:
        pass


def main():
    model, corpus, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    # Undoes what a shell does to programs in its background, which ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    check_documents(model, corpus, folder)
    check_shards(model, corpus, folder)
    check_cluster_job(corpus, folder)
    check_convert_index_topics(model, folder)
    check_verify()
    check_repair(model, corpus, folder)
    check_misuse(model, corpus)
    check_interrupts(model, corpus)
    check_interrupted_encoder(model, corpus)
    print("checked")


main()
