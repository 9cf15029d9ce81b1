"""Encoders of texts, queries and documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from . import _native
from ._runtime import library

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Aggregation = Literal["max", "sum"]
Long = Literal["truncate", "windows"]
Precision = Literal["auto", "fp32", "fp16", "int8"]
Preset = Literal["naver", "anserini"]
Rounding = Literal["nearest", "floor", "ceil"]
Model = str | os.PathLike[str]


def _options(**options: Any) -> dict[str, Any]:
    if options.get("onnxruntime") is None:
        options["onnxruntime"] = library()
    return options


class SpladeEncoder:
    """A SPLADE model that encodes texts, from any number of threads at once.

    Parameters
    ----------
    model : str or path
        A model folder (a Hugging Face checkpoint or an ONNX export), or a name on the Hugging Face hub:
        ``ORG/NAME`` or ``ORG/NAME@REVISION``.
    aggregation : {"max", "sum"}, optional
        How the tokens' logits become one weight per term. Default: as the model's folder says, else "max".
    max_length : int, optional
        Most tokens of a text, special ones included. Default: as the model's folder says, at most 512.
    long : {"truncate", "windows"}
        What becomes of longer texts: their end is left out, or they are encoded in windows of ``max_length`` tokens, of
        which each term keeps its largest weight.
    stride : int, optional
        Tokens from the beginning of a window to that of the next. Default: windows that meet without overlap.
    keep_special_tokens : bool
        Whether special tokens such as [CLS] may be terms.
    top_k : int, optional
        Keep the heaviest terms of a text, so many at most.
    min_weight : float, optional
        Keep terms of at least this weight.
    keep_mass : float, optional
        Keep the heaviest terms of a text that have this share of its whole weight, over 0 and at most 1.
    threads : int, optional
        Encoder threads. Default: the cores.
    device : str
        "cpu", "cuda", "cuda:N", "cuda:all", a list such as "cuda:0,cuda:1", or "auto".
    precision : {"auto", "fp32", "fp16", "int8"}
        Precision of the encoder layers; "auto" is fp32 on the CPU and fp16 on a GPU.
    max_memory : int, optional
        Bytes that encoding may take.
    onnxruntime : str or path, optional
        ONNX Runtime's shared library. Default: ``ORT_DYLIB_PATH``, that of onnxruntime-gpu, that of this package.

    Raises
    ------
    ModelError
        If the model cannot be found, fetched or used.
    SettingError
        If an option is out of range.
    EncodingError
        If ONNX Runtime or the device cannot be used.
    """

    def __init__(
        self,
        model: Model,
        *,
        aggregation: Aggregation | None = None,
        max_length: int | None = None,
        long: Long = "truncate",
        stride: int | None = None,
        keep_special_tokens: bool = False,
        top_k: int | None = None,
        min_weight: float | None = None,
        keep_mass: float | None = None,
        threads: int | None = None,
        device: str = "auto",
        precision: Precision = "auto",
        max_memory: int | None = None,
        onnxruntime: Model | None = None,
    ) -> None:
        options = _options(
            aggregation=aggregation,
            max_length=max_length,
            long=long,
            stride=stride,
            keep_special_tokens=keep_special_tokens,
            top_k=top_k,
            min_weight=min_weight,
            keep_mass=keep_mass,
            threads=threads,
            device=device,
            precision=precision,
            max_memory=max_memory,
            onnxruntime=onnxruntime,
        )
        self._native = _native.Encoder(model, options)
        self._vocabulary: list[str] | None = None

    @property
    def max_length(self) -> int:
        """Most tokens that are kept of a text, special ones included."""
        return self._native.max_length

    @property
    def device(self) -> str:
        """Where the model runs."""
        return self._native.device

    @property
    def vocabulary(self) -> list[str]:
        """The terms by token id, which is the column of ``encode_csr``."""
        if self._vocabulary is None:
            self._vocabulary = self._native.vocabulary()
        return self._vocabulary

    def encode(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Return the weight of each term of each text, in the order of the texts.

        Parameters
        ----------
        texts : sequence of str
            Any number of texts; they are batched by length inside.

        Returns
        -------
        list of dict
            Positive weights by term, ordered by token id.
        """
        return self._native.encode(_list(texts))

    def encode_csr(self, texts: Sequence[str]) -> csr_matrix:
        """Return the weights as a SciPy matrix, a row for each text and a column for each token id.

        Returns
        -------
        scipy.sparse.csr_matrix of float32, shape (len(texts), len(vocabulary))
        """
        try:
            import numpy
            from scipy.sparse import csr_matrix
        except ImportError as error:
            raise ImportError("encode_csr needs SciPy: pip install 'splade-export[scipy]'") from error
        data, indices, indptr, size = self._native.encode_csr(_list(texts))
        integer = numpy.int32 if size == 4 else numpy.int64
        arrays = (
            numpy.frombuffer(data, numpy.float32),
            numpy.frombuffer(indices, integer),
            numpy.frombuffer(indptr, integer),
        )
        return csr_matrix(arrays, shape=(len(indptr) // size - 1, len(self.vocabulary)), copy=False)

    def impacts(
        self,
        texts: Sequence[str],
        *,
        step: float | None = None,
        preset: Preset | None = None,
        rounding: Rounding | None = None,
        min_impact: int | None = None,
        normalize: str | None = None,
    ) -> list[dict[str, int]]:
        """Return the impact of each term: how often a pseudo-document repeats it.

        Parameters
        ----------
        texts : sequence of str
            Any number of texts.
        step : float, optional
            The weight that one unit of impact stands for. Default: 0.1.
        preset : {"naver", "anserini"}, optional
            All quantization at once, of which the other options change single settings.
        rounding : {"nearest", "floor", "ceil"}, optional
            What happens to a fraction of a unit. Default: "nearest", halves to the even neighbor.
        min_impact : int, optional
            Least impact of a positive weight; 0 lets small weights vanish. Default: 1.
        normalize : str, optional
            Divide weights before the step: "none", "text" (by the text's own largest) or a number.

        Returns
        -------
        list of dict
            Impacts by term, ordered by token id.
        """
        quantization = _native.Quantization(preset, step, rounding, min_impact, _text(normalize))
        return self._native.impacts(_list(texts), quantization)

    def explain(self, text: str, *, step: float | None = None, preset: Preset | None = None) -> dict[str, Any]:
        """Return what becomes of a text: its tokens, and its terms by descending weight.

        Returns
        -------
        dict
            ``text``, ``tokens``, ``truncated``, and ``terms`` with ``term``, ``weight``, ``impact`` and ``expansion``
            (whether the term is not in the text).
        """
        return json.loads(self._native.explain(text, _native.Quantization(preset, step)))


class QueryEncoder:
    """Encodes queries as ``splade-export topics`` does. Pyserini's ``LuceneImpactSearcher`` takes it as it is.

    The query side is the one that the model's folder names: the same model, a second one, or a table.

    Parameters
    ----------
    model : str or path
        As for `SpladeEncoder`.
    query_weights : str
        "auto" (as the model's folder says), "model", "table", "ones" (every term 1), or a file of terms and weights.
    step, preset, rounding, min_impact, normalize
        As for `SpladeEncoder.impacts`. Use those of the index's documents, or others: they scale scores.
    weights : bool
        Return float weights instead of impacts.
    **options
        The options of `SpladeEncoder`.

    Examples
    --------
    >>> from pyserini.search.lucene import LuceneImpactSearcher  # doctest: +SKIP
    >>> searcher = LuceneImpactSearcher("index", QueryEncoder("naver/splade-v3"), min_idf=-1)  # doctest: +SKIP
    >>> searcher.search("how do planes fly", k=10)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Model,
        *,
        query_weights: str = "auto",
        step: float | None = None,
        preset: Preset | None = None,
        rounding: Rounding | None = None,
        min_impact: int | None = None,
        normalize: str | None = None,
        weights: bool = False,
        **options: Any,
    ) -> None:
        quantization = _native.Quantization(preset, step, rounding, min_impact, _text(normalize))
        self._quantization = None if weights else quantization
        self._native = _native.QueryEncoder(model, query_weights, _options(**options))

    def encode(self, text: str, **_: Any) -> dict[str, float]:
        """Return the impact (or weight) of each term of a query, as Python numbers.

        Parameters
        ----------
        text : str
            The query.
        **_
            Ignored: Pyserini's callers pass options of their own encoders.
        """
        return self._native.encode(text, self._quantization)


class DocumentEncoder:
    """Encodes documents as ``splade-export documents`` does, with the interface of Pyserini's document encoders.

    Parameters
    ----------
    model : str or path
        As for `SpladeEncoder`.
    step, preset, rounding, min_impact, normalize
        As for `SpladeEncoder.impacts`.
    **options
        The options of `SpladeEncoder`.
    """

    def __init__(
        self,
        model: Model,
        *,
        step: float | None = None,
        preset: Preset | None = None,
        rounding: Rounding | None = None,
        min_impact: int | None = None,
        normalize: str | None = None,
        **options: Any,
    ) -> None:
        self._quantization = _native.Quantization(preset, step, rounding, min_impact, _text(normalize))
        self._native = _native.Encoder(model, _options(**options))

    def encode(self, texts: Iterable[str], titles: Iterable[str] | None = None, **_: Any) -> list[dict[str, int]]:
        """Return the impacts of each document's terms.

        Parameters
        ----------
        texts : iterable of str
            The texts.
        titles : iterable of str, optional
            As many titles; a title comes before its text, with a space between.
        **_
            Ignored: Pyserini's callers pass options of their own encoders.
        """
        texts = _list(texts)
        if titles is not None:
            texts = [_join(title, text) for title, text in zip(titles, texts, strict=True)]
        return self._native.impacts(texts, self._quantization)


def _join(title: str, text: str) -> str:
    # As the program joins the fields of a record: empty ones leave no space.
    return " ".join(part for part in (title, text) if part)


def _list(texts: Iterable[str]) -> list[str]:
    # A string is a sequence of strings too, and no one means its letters.
    if isinstance(texts, str):
        raise TypeError("texts is a single string; give a list of strings")
    return list(texts)


def _text(normalize: str | float | None) -> str | None:
    return None if normalize is None else str(normalize)
