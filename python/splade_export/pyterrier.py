"""Transformers for PyTerrier: ``query`` becomes ``query_toks``, and ``text`` becomes ``toks``.

Examples
--------
>>> import splade_export.pyterrier as splade  # doctest: +SKIP
>>> queries = splade.QueryTransformer("naver/splade-v3")  # doctest: +SKIP
>>> documents = splade.DocumentTransformer("naver/splade-v3")  # doctest: +SKIP
>>> (documents >> index.toks_indexer()).index(corpus)  # doctest: +SKIP
>>> (queries >> index.quantized()).search("how do planes fly")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from .encoders import DocumentEncoder, QueryEncoder, TextOptions
from .options import Path

try:
    import pyterrier as pt
except ImportError as error:
    raise ImportError(
        "splade_export.pyterrier needs PyTerrier: pip install 'splade-export[pyterrier]'"
    ) from error

if TYPE_CHECKING:
    from pandas import DataFrame


class QueryTransformer(pt.Transformer):
    """Adds ``query_toks``, the terms of ``query`` with their impacts or weights.

    Parameters
    ----------
    model : str or path
        As for `QueryEncoder`.
    query_weights, weights
        As for `QueryEncoder`.
    **options
        From text to impacts, as for `QueryEncoder`.
    """

    def __init__(
        self,
        model: Path,
        *,
        query_weights: str | None = None,
        weights: bool = False,
        **options: Unpack[TextOptions],
    ) -> None:
        self._encoder = QueryEncoder(model, query_weights=query_weights, weights=weights, **options)

    def transform(self, frame: DataFrame) -> DataFrame:
        """Return the frame with a column ``query_toks``."""
        _require(frame, "query")
        known: dict[str, dict[str, float]] = {}
        for query in frame["query"]:
            # A query stands in a line of each document that was found for it.
            if query not in known:
                known[query] = self._encoder.encode(query)
        return frame.assign(query_toks=[known[query] for query in frame["query"]])


class DocumentTransformer(pt.Transformer):
    """Adds ``toks``, the terms of ``text`` with their impacts or weights.

    Parameters
    ----------
    model : str or path
        As for `DocumentEncoder`.
    text_field : str
        The column that is encoded.
    weights : bool
        Float weights instead of impacts.
    **options
        From text to impacts, as for `DocumentEncoder`.
    """

    def __init__(
        self,
        model: Path,
        *,
        text_field: str = "text",
        weights: bool = False,
        **options: Unpack[TextOptions],
    ) -> None:
        self._text_field = text_field
        self._encoder = DocumentEncoder(model, weights=weights, **options)

    def transform(self, frame: DataFrame) -> DataFrame:
        """Return the frame with a column ``toks``."""
        _require(frame, self._text_field)
        return frame.assign(toks=self._encoder.encode(frame[self._text_field]))


def _require(frame: DataFrame, column: str) -> None:
    if column not in frame.columns:
        names = ", ".join(map(str, frame.columns))
        raise ValueError(f"there is no column {column!r}, but {names}")
