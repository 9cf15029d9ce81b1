"""SPLADE encoding for learned sparse retrieval: the weights and impacts of the command ``splade-export``, in Python.

Examples
--------
>>> from splade_export import SpladeEncoder
>>> encoder = SpladeEncoder("naver/splade-v3")  # doctest: +SKIP
>>> encoder.encode(["how do planes fly"])  # doctest: +SKIP
[{'aircraft': 1.32, 'fly': 2.31, ...}]
"""

from .encoders import DocumentEncoder, QueryEncoder, SpladeEncoder
from .errors import (
    CollectionError,
    CorpusError,
    EncodingError,
    IndexFormatError,
    ModelError,
    OutputError,
    RunError,
    SettingError,
    SpladeExportError,
    SpladeExportWarning,
)
from .exports import convert, documents, index, join, topics, verify
from .summaries import Counts, Export, Index, Output, Progress, Topics, Verification

__all__ = [
    "CollectionError",
    "CorpusError",
    "Counts",
    "DocumentEncoder",
    "EncodingError",
    "Export",
    "Index",
    "IndexFormatError",
    "ModelError",
    "Output",
    "OutputError",
    "Progress",
    "QueryEncoder",
    "RunError",
    "SettingError",
    "SpladeEncoder",
    "SpladeExportError",
    "SpladeExportWarning",
    "Topics",
    "Verification",
    "convert",
    "documents",
    "index",
    "join",
    "topics",
    "verify",
]
