"""The options of encoders and exports: those of the command, with its defaults where one is left out or None."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from ._runtime import library

Path = str | os.PathLike[str]
Aggregation = Literal["max", "sum"]
Compress = Literal["gzip", "none"]
InputFormat = Literal["jsonl", "tsv", "trec"]
Long = Literal["truncate", "windows"]
OnError = Literal["stop", "skip"]
Precision = Literal["auto", "fp32", "fp16", "int8"]
Preset = Literal["naver", "anserini"]
Rounding = Literal["nearest", "floor", "ceil"]
SpecialTokens = Literal["drop", "keep"]


class PruningOptions(TypedDict, total=False):
    """Which terms of a text are kept.

    Attributes
    ----------
    top_k : int
        The heaviest terms of a text, so many at most.
    min_weight : float
        Terms of at least this weight.
    keep_mass : float
        The heaviest terms that have this share, above 0 and at most 1, of the text's whole weight.
    """

    top_k: int | None
    min_weight: float | None
    keep_mass: float | None


class EncoderOptions(PruningOptions, total=False):
    """From text to weights, see `SpladeEncoder`."""

    aggregation: Aggregation | None
    max_length: int | None
    long: Long | None
    stride: int | None
    special_tokens: SpecialTokens | None
    threads: int | None
    device: str | None
    precision: Precision | None
    max_memory: int | None
    onnxruntime: Path | None


class QuantizationOptions(TypedDict, total=False):
    """From weights to impacts.

    Attributes
    ----------
    preset : {"naver", "anserini"}
        All quantization at once, of which the other options change single settings.
    step : float or "none"
        The weight that one unit of impact stands for, 0.1 by default; "none" keeps float weights, where they can be
        written.
    rounding : {"nearest", "floor", "ceil"}
        What happens to a fraction of a unit. By default "nearest", halves to the even neighbor.
    min_impact : int
        Least impact of a positive weight, 1 by default; 0 lets small weights vanish.
    normalize : str or float
        Divide weights before the step: "none", "text" (by the text's own largest), a number, or, of a whole corpus,
        "corpus" (by the largest weight of all).
    max_impact : int
        Make the largest weight of the corpus this impact, such as 255 for engines that keep 8 bits.
    """

    preset: Preset | None
    step: float | Literal["none"] | None
    rounding: Rounding | None
    min_impact: int | None
    normalize: str | float | None
    max_impact: int | None


class InputOptions(TypedDict, total=False):
    """What a record of the input is.

    Attributes
    ----------
    input_format : {"jsonl", "tsv", "trec"}
        The format of every input file. By default it is told from content and name.
    fields : sequence of str
        JSON fields joined by one space to the text, ``["title", "text"]`` by default.
    id_field : str
        JSON key of the docid or qid. By default the first there is of the usual names.
    """

    input_format: InputFormat | None
    fields: Sequence[str] | None
    id_field: str | None


class IndexSettings(TypedDict, total=False):
    """What an index is like.

    Attributes
    ----------
    segment_memory : int
        Bytes of memory of a segment, 64 MiB by default.
    store_raw : bool
        Whether each document's JSON is stored.
    force_merge : bool
        Whether the index is merged into one segment.
    """

    segment_memory: int | None
    store_raw: bool
    force_merge: bool


class RunOptions(IndexSettings, total=False):
    """What a run writes.

    Attributes
    ----------
    output : path
        The folder of the collection to make. It must not exist or be empty, unless ``resume`` is given.
    index : path
        The folder of the Lucene index to make, likewise.
    format : sequence of str
        Formats to write, ``["json-vectors"]`` by default. That one lies in ``output`` itself, each other one in the folder
        of its name there.
    compress : {"gzip", "none"}
        Compression of files of lines, "gzip" by default.
    resume : bool
        Go on with an interrupted run of the same options, or begin it.
    """

    output: Path | None
    index: Path | None
    format: Sequence[str] | None
    compress: Compress | None
    resume: bool


class DocumentsOptions(EncoderOptions, QuantizationOptions, InputOptions, RunOptions, total=False):
    """The options of `documents`."""

    model: Path | None
    wait_for_lock: float | None
    parts: str | None
    plan: Path | None
    part_size: int | None
    on_error: OnError | None
    max_errors: int | None
    contents: bool


class ConvertOptions(PruningOptions, QuantizationOptions, RunOptions, total=False):
    """The options of `convert`."""

    model: Path | None
    threads: int | None


class TopicsOptions(EncoderOptions, QuantizationOptions, InputOptions, total=False):
    """The options of `topics`."""

    model: Path | None
    query_model: Path | None
    query_weights: str | None
    qrels: Path | None
    format: str | None


class IndexOptions(IndexSettings, total=False):
    """The options of `index`."""

    merge: bool
    threads: int | None


class JoinOptions(TypedDict, total=False):
    """The options of `join`."""

    index: Path | None
    indexes: Sequence[Path] | None
    force_merge: bool
    resume: bool
    wait_for_lock: float | None


def with_runtime(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with ONNX Runtime's library, where none is given."""
    if options.get("onnxruntime") is None:
        options = {**options, "onnxruntime": library()}
    return options
