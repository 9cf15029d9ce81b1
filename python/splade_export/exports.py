"""The commands as functions. Work goes on without the interpreter's lock, in all cores.

Each function takes the options of its command under their own names, with an underscore for a hyphen, and with the same
defaults. ``progress`` is called with a `Progress`, about twice a second and at the end, in the thread of the call; what it
raises ends the work. Ctrl-C ends the work within two seconds and raises KeyboardInterrupt; the same call with ``resume``,
where there is one, goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Unpack

from . import _native
from .options import (
    ConvertOptions,
    DocumentsOptions,
    IndexOptions,
    JoinOptions,
    Path,
    TopicsOptions,
    with_runtime,
)
from .summaries import Export, Index, Progress, Topics, Verification, export, reporter, verification

Paths = Path | Sequence[Path]
Callback = Callable[[Progress], object]


def documents(
    paths: Paths, *, progress: Callback | None = None, **options: Unpack[DocumentsOptions]
) -> Export:
    """Encode a corpus into a collection, a Lucene index, or both.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders or archives.
    progress : callable, optional
        Called with a `Progress` now and then.
    model : str or path
        As for `SpladeEncoder`. Default: the environment's ``SPLADE_EXPORT_MODEL``.
    output, index, format, compress, resume, segment_memory, store_raw, force_merge
        What is written, see `options.RunOptions`; ``output``, ``index`` or both are needed.
    wait_for_lock : float, optional
        With ``resume``, seconds to wait for the end of another run that is writing to the output.
    parts : str, optional
        Encode these parts only: a shard such as "3/16", or a range of part numbers such as "120-180".
    plan : path, optional
        Go to the parts as this plan says; ``splade-export plan`` makes it.
    part_size : int, optional
        Documents per part. Default: 10,000.
    on_error : {"stop", "skip"}, optional
        What becomes of a record that cannot be used: it ends the run, or is written to ``rejected.jsonl``.
    max_errors : int, optional
        With ``on_error="skip"``, end the run if there are more. Default: 10,000.
    contents : bool
        Whether the texts are kept in the collection.
    input_format, fields, id_field
        What a record is, see `options.InputOptions`.
    step, preset, rounding, min_impact, normalize, max_impact
        From weights to impacts, see `options.QuantizationOptions`.
    **options
        The options of `SpladeEncoder`.

    Returns
    -------
    Export

    Raises
    ------
    SpladeExportError
        Whatever ends the run. Whole parts stay, for a call with ``resume``.

    Examples
    --------
    >>> from splade_export import documents
    >>> documents("corpus.jsonl", model="naver/splade-v3", output="out", index="index")  # doctest: +SKIP
    """
    return export(_native.documents(_paths(paths), with_runtime(dict(options)), reporter(progress)))


def convert(
    collections: Paths, *, progress: Callback | None = None, **options: Unpack[ConvertOptions]
) -> Export:
    """Make other quantizations and formats of collections, without encoding again.

    Parameters
    ----------
    collections : path or sequence of paths
        Output folders of `documents`, `join` or `convert`, or any JsonVectorCollection.
    progress : callable, optional
        Called with a `Progress` now and then.
    model : str or path, optional
        The model that made the collection, for formats with token ids.
    threads : int, optional
        Files that are converted at the same time. Default: the cores.
    output, index, format, compress, resume, segment_memory, store_raw, force_merge
        What is written, see `options.RunOptions`; ``output``, ``index`` or both are needed.
    top_k, min_weight, keep_mass
        Which terms stay, see `options.PruningOptions`.
    step, preset, rounding, min_impact, normalize, max_impact
        From weights to impacts, see `options.QuantizationOptions`. Impacts stay as they are unless one is given.

    Returns
    -------
    Export
    """
    return export(_native.convert(_paths(collections), dict(options), reporter(progress)))


def join(
    shards: Paths, output: Path, *, progress: Callback | None = None, **options: Unpack[JoinOptions]
) -> Export:
    """Make one collection, and one index, of the shards that runs with ``parts`` made: the bytes of one run.

    Parameters
    ----------
    shards : path or sequence of paths
        The collections of the shards, in any order.
    output : path
        The folder of the collection to make.
    progress : callable, optional
        Called with a `Progress` now and then.
    index : path, optional
        The folder of the Lucene index to make of ``indexes``.
    indexes : sequence of paths, optional
        The indexes of the shards, in their order.
    force_merge : bool
        Whether the index is merged into one segment.
    resume : bool
        Go on with an interrupted call of the same options, or begin it.
    wait_for_lock : float, optional
        With ``resume``, seconds to wait for the end of another run that is writing to the output.

    Returns
    -------
    Export
    """
    return export(_native.join(_paths(shards), {**options, "output": output}, reporter(progress)))


def topics(
    paths: Paths, output: Path, *, progress: Callback | None = None, **options: Unpack[TopicsOptions]
) -> Topics:
    """Encode topics into one file, for Anserini, Pyserini or another engine.

    Parameters
    ----------
    paths : path or sequence of paths
        Files, folders or archives.
    output : path
        The file to write, with its manifest beside it; neither may exist.
    progress : callable, optional
        Called with a `Progress` now and then.
    format : str, optional
        "tsv", "jsonl" or an engine's format. Default: by the ending of ``output``.
    model, query_model : str or path, optional
        The model, and the one that encodes queries if that is another one. Default: the environment's
        ``SPLADE_EXPORT_MODEL``, and as the model's folder says.
    query_weights : str, optional
        As for `QueryEncoder`.
    qrels : path, optional
        Encode only the topics that this qrels file judges.
    input_format, fields, id_field
        What a record is, see `options.InputOptions`.
    step, preset, rounding, min_impact, normalize, max_impact
        From weights to impacts, see `options.QuantizationOptions`.
    **options
        The options of `SpladeEncoder`.

    Returns
    -------
    Topics
    """
    given = with_runtime({**options, "output": output})
    return Topics(**json.loads(_native.topics(_paths(paths), given, reporter(progress))))


def index(
    paths: Paths, output: Path, *, progress: Callback | None = None, **options: Unpack[IndexOptions]
) -> Index:
    """Make a Lucene impact index of collections with integer impacts.

    Parameters
    ----------
    paths : path or sequence of paths
        Collections; with ``merge``, indexes that this package made.
    output : path
        The folder to make.
    progress : callable, optional
        Called with a `Progress` now and then.
    merge : bool
        Join indexes into one, taking their segments as they are.
    threads : int, optional
        Files that are read at the same time. Default: the cores.
    segment_memory, store_raw, force_merge
        What the index is like, see `options.IndexSettings`.

    Returns
    -------
    Index
    """
    given = {**options, "output": output}
    return Index(**json.loads(_native.index(_paths(paths), given, reporter(progress))))


def verify(output: Path, index: Path | None = None, *, progress: Callback | None = None) -> Verification:
    """Check a collection against its manifest, and a Lucene index against its checksums.

    Parameters
    ----------
    output : path
        A folder that `documents`, `join` or `convert` made, or an index.
    index : path, optional
        The index of the collection. Default: ``output/index``, if it is there.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    Verification

    Raises
    ------
    CollectionError
        If something is wrong with the collection. Each thing is a note of the exception (``__notes__``).
    IndexFormatError
        If the index is damaged.
    """
    return verification(_native.verify(output, index, reporter(progress)))


def _paths(paths: Paths) -> list[Path]:
    return [paths] if isinstance(paths, (str, bytes)) or hasattr(paths, "__fspath__") else list(paths)
