"""Asks Lucene itself about an index. It runs in the Python environment of scripts/setup.sh, which has a bridge to Java.

lucene.py same A B WORK    whether two indexes hold the same: both are written again by one Lucene, with one codec, and
                           the files compared. Terms, postings, statistics, stored fields, doc values and norms are in.
lucene.py change INDEX     deletes, adds and merges with Lucene's IndexWriter, and checks what is there after each step
lucene.py rank INDEX TOPICS RUN
                           writes the first 1000 hits of each query, found by Anserini's SimpleImpactSearcher
lucene.py origin INDEX      checks that the commit says what the index was made of, and says it still after a change
lucene.py limit WORK       checks that Lucene takes a document whose frequencies are 2^31 - 1 in all, and no more

The jar is that of ANSERINI_JAR. Exit code 0, or a traceback.
"""

import os
import pathlib
import sys

import jnius_config

jnius_config.set_classpath(os.environ["ANSERINI_JAR"])
jnius_config.add_options("-ea:org.apache.lucene...", "-Xmx2g")
from jnius import JavaClass, JavaException, JavaMethod, MetaJavaClass, autoclass, cast  # noqa: E402

File = autoclass("java.io.File")
FSDirectory = autoclass("org.apache.lucene.store.FSDirectory")
DirectoryReader = autoclass("org.apache.lucene.index.DirectoryReader")
IndexWriterConfig = autoclass("org.apache.lucene.index.IndexWriterConfig")
Term = autoclass("org.apache.lucene.index.Term")

# No term of any collection.
ADDED = "added_by_lucene"


class IndexWriter(JavaClass, metaclass=MetaJavaClass):
    """Its methods one by one: the bridge cannot choose between those of the same name."""

    __javaclass__ = "org/apache/lucene/index/IndexWriter"
    __javaconstructor__ = [
        ("(Lorg/apache/lucene/store/Directory;Lorg/apache/lucene/index/IndexWriterConfig;)V", False)
    ]
    addIndexes = JavaMethod("([Lorg/apache/lucene/index/CodecReader;)J")
    addDocument = JavaMethod("(Ljava/lang/Iterable;)J")
    updateDocument = JavaMethod("(Lorg/apache/lucene/index/Term;Ljava/lang/Iterable;)J")
    deleteDocuments = JavaMethod("([Lorg/apache/lucene/index/Term;)J")
    forceMerge = JavaMethod("(I)V")
    commit = JavaMethod("()J")
    close = JavaMethod("()V")


def directory(path):
    return FSDirectory.open(File(str(path)).toPath())


def field_infos(reader):
    """Returns the properties of each field by name; numbers and attributes are left out, for they depend on the codec."""
    found = set()
    for leaf in range(reader.leaves().size()):
        infos = reader.leaves().get(leaf).reader().getFieldInfos().iterator()
        while infos.hasNext():
            info = infos.next()
            found.add((
                info.name, info.getIndexOptions().toString(), info.omitsNorms(), info.hasNorms(), info.hasVectors(),
                info.hasPayloads(), info.getDocValuesType().toString(), info.getPointDimensionCount(),
                info.getVectorDimension(),
            ))
    return sorted(found)


def rewrite(source, target):
    """Writes an index again, as one segment in its documents' order.

    The codec's stored fields are compressed in another way than both indexes', so that no compressed chunk is copied.
    """
    codec = autoclass("org.apache.lucene.codecs.lucene99.Lucene99Codec")
    mode = autoclass("org.apache.lucene.codecs.lucene99.Lucene99Codec$Mode")
    config = IndexWriterConfig(autoclass("org.apache.lucene.analysis.core.WhitespaceAnalyzer")())
    config.setCodec(codec(mode.BEST_COMPRESSION))
    config.setUseCompoundFile(False)
    config.setMergePolicy(autoclass("org.apache.lucene.index.NoMergePolicy").INSTANCE)
    writer = IndexWriter(directory(target), config)
    # Segment _0 gives the fields their numbers, which are a matter of taste: Anserini's depend on its options.
    first = document("first", ADDED)
    first.add(autoclass("org.apache.lucene.document.StoredField")("raw", "text".encode()))
    writer.addDocument(first)
    writer.commit()
    reader = DirectoryReader.open(directory(source))
    slow = autoclass("org.apache.lucene.index.SlowCodecReaderWrapper")
    leaves = [slow.wrap(reader.leaves().get(i).reader()) for i in range(reader.leaves().size())]
    writer.addIndexes(leaves)
    writer.close()
    infos = field_infos(reader)
    statistics = [
        (field, reader.getDocCount(field), reader.getSumDocFreq(field), reader.getSumTotalTermFreq(field))
        for field in ("id", "contents")
    ]
    documents = reader.numDocs(), reader.maxDoc()
    reader.close()
    return infos, statistics, documents


def content(folder):
    """Returns the files of segment _1 without the segment's random id (in every header) and the checksum at the end."""
    files = {}
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.suffix in (".si", ".lock", ".fnm") or not path.name.startswith("_1"):
            continue
        data = path.read_bytes()
        # magic, length and name of the codec, version, id
        start = 4 + 1 + data[4] + 4
        files[path.name] = data[:-8].replace(data[start:start + 16], b"\0" * 16)
    return files


def same(a, b, work):
    work = pathlib.Path(work)
    found = rewrite(a, work / "a"), rewrite(b, work / "b")
    assert found[0] == found[1], found
    files = content(work / "a"), content(work / "b")
    assert files[0].keys() == files[1].keys(), (files[0].keys(), files[1].keys())
    extensions = {name.rsplit(".", 1)[1] for name in files[0]}
    assert {"doc", "tim", "tip", "tmd", "dvd", "dvm", "fdt", "fdx", "fdm", "nvd", "nvm"} <= extensions, extensions
    for name in files[0]:
        assert files[0][name] == files[1][name], f"{name} differs"
    print(found[0], {name: len(data) for name, data in files[0].items()})


def document(docid, text):
    options = autoclass("org.apache.lucene.index.IndexOptions")
    kind = autoclass("org.apache.lucene.document.FieldType")()
    kind.setIndexOptions(options.DOCS_AND_FREQS)
    kind.setTokenized(True)
    kind.freeze()
    new = autoclass("org.apache.lucene.document.Document")()
    value = autoclass("org.apache.lucene.util.BytesRef")(docid.encode())
    stored = autoclass("org.apache.lucene.document.Field$Store").YES
    new.add(autoclass("org.apache.lucene.document.StringField")("id", docid, stored))
    new.add(autoclass("org.apache.lucene.document.BinaryDocValuesField")("id", value))
    text = cast("java.io.Reader", autoclass("java.io.StringReader")(text))
    new.add(autoclass("org.apache.lucene.document.Field")("contents", text, kind))
    return new


def counts(path):
    reader = DirectoryReader.open(directory(path))
    found = reader.numDocs(), reader.leaves().size(), reader.docFreq(Term("contents", ADDED))
    reader.close()
    return found


def change(path):
    analyzer = autoclass("org.apache.lucene.analysis.core.WhitespaceAnalyzer")

    def writer():
        return IndexWriter(directory(path), IndexWriterConfig(analyzer()))

    before, segments, _ = counts(path)
    reader = DirectoryReader.open(directory(path))
    stored = reader.storedFields()
    ids = [stored.document(number).get("id") for number in (0, reader.maxDoc() - 1)]
    reader.close()
    w = writer()
    w.deleteDocuments([Term("id", docid) for docid in ids])
    w.close()
    assert counts(path)[0] == before - 2, counts(path)
    w = writer()
    w.addDocument(document("new-1", f"{ADDED} {ADDED} other"))
    w.updateDocument(Term("id", "new-1"), document("new-1", ADDED))
    w.addDocument(document("new-2", f"{ADDED} other"))
    w.close()
    found, more, added = counts(path)
    assert found == before and added >= 2, (found, added)
    w = writer()
    w.forceMerge(1)
    w.close()
    assert counts(path) == (before, 1, 2), counts(path)
    print(before, segments, more)


def rank(index, topics, run):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
    from impact_files import read_topics

    number = autoclass("java.lang.Integer")
    searcher = autoclass("io.anserini.search.SimpleImpactSearcher")(str(index))
    with open(run, "w", encoding="utf-8", newline="\n") as file:
        for qid, terms in read_topics(topics).items():
            query = autoclass("java.util.HashMap")()
            for term, weight in terms.items():
                query.put(term, number(int(weight)))
            for place, hit in enumerate(searcher.search(query, 1000), 1):
                file.write(f"{qid} Q0 {hit.docid} {place} {hit.score:.6f} rank\n")
    searcher.close()


def origin(path):
    def user_data():
        reader = DirectoryReader.open(directory(path))
        data = reader.getIndexCommit().getUserData()
        names = ("run", "documents", "model", "quantization")
        found = {name: data.get(f"splade-export.{name}") for name in names}
        reader.close()
        return found

    before = user_data()
    assert all(len(before[name]) == 64 for name in ("run", "documents")), before
    assert "config.json" in before["model"] and "step" in before["quantization"], before
    change(path)
    assert user_data() == before, user_data()


def limit(work):
    """The frequencies of terms are given by an analyzer that reads them behind a `|`."""
    analyzer = autoclass("org.apache.lucene.analysis.custom.CustomAnalyzer").builder()
    nothing = autoclass("java.util.HashMap")
    analyzer = analyzer.withTokenizer("whitespace", nothing())
    analyzer = analyzer.addTokenFilter("delimitedTermFrequency", nothing()).build()
    writer = IndexWriter(directory(work), IndexWriterConfig(analyzer))
    writer.addDocument(document("largest", "a|2147483646 b|1"))
    try:
        writer.addDocument(document("too-large", "a|2147483647 b|1"))
    except JavaException as error:
        assert "too many tokens" in str(error), error
    else:
        raise AssertionError("Lucene took the document")
    writer.close()


if __name__ == "__main__":
    {"same": same, "change": change, "rank": rank, "origin": origin, "limit": limit}[sys.argv[1]](*sys.argv[2:])
