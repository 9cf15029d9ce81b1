"""What exports return, and what their progress is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far an export is.

    Attributes
    ----------
    documents : int
        Documents (or topics) done by this run.
    tokens : int
        Their tokens; 0 where nothing is encoded.
    read : float or None
        Which share of the input was read, from 0 to 1; None where its size is not known.
    seconds : float
        Since the call.
    """

    documents: int
    tokens: int
    read: float | None
    seconds: float


@dataclass(frozen=True)
class Counts:
    """Sums over documents; those of impacts are 0 where float weights are written."""

    documents: int
    empty: int
    truncated: int
    tokens: int
    postings: int
    impact_sum: int
    max_weight: float
    max_impact: int
    screening_fallbacks: int
    split: int = 0
    windows: int = 0


@dataclass(frozen=True)
class Output:
    """A finished output: its format, its file or folder, and how many parts or segments it has.

    ``unit`` is what a piece is called, in the plural; ``bytes`` is the size of all files.
    """

    format: str
    path: Path
    pieces: int
    unit: str
    bytes: int


@dataclass(frozen=True)
class Export:
    """What a run wrote.

    Attributes
    ----------
    counts : Counts or None
        None where an earlier run had finished and its outputs do not keep that, as an index alone.
    rejected : int or None
        Records that could not be used, which are in ``rejected.jsonl``.
    outputs : tuple of Output
        The collection first, then the other formats, then the index.
    """

    counts: Counts | None
    rejected: int | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Topics:
    """What was encoded: topics, those without any term, those that were cut, and the terms over all of them."""

    topics: int
    empty: int
    truncated: int
    terms: int


@dataclass(frozen=True)
class Index:
    """What is in an index.

    ``empty`` counts the documents that were left out because they have no terms, ``terms`` the distinct ones.
    """

    documents: int
    empty: int
    postings: int
    impact_sum: int
    terms: int
    segments: int
    bytes: int


@dataclass(frozen=True)
class Verification:
    """What was found whole: a collection, an index, or both. What is missing is None."""

    documents: int | None
    parts: int | None
    index: Index | None


def export(text: str) -> Export:
    """Read what a run wrote."""
    found = json.loads(text)
    counts = found["counts"]
    outputs = (Output(**{**output, "path": Path(output["path"])}) for output in found["outputs"])
    return Export(None if counts is None else Counts(**counts), found["rejected"], tuple(outputs))


def verification(text: str) -> Verification:
    """Read what a verification found."""
    found = json.loads(text)
    index = found["index"]
    return Verification(found["documents"], found["parts"], None if index is None else Index(**index))


def reporter(progress: Callable[[Progress], object] | None) -> Callable[..., object] | None:
    """Return a function of numbers that calls the user's."""
    if progress is None:
        return None

    def report(*numbers: Any) -> None:
        progress(Progress(*numbers))

    return report
