"""Encoders of texts, queries and documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from . import _native
from .options import EncoderOptions, Path, Preset, QuantizationOptions, with_runtime

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


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
    long : {"truncate", "windows"}, optional
        What becomes of longer texts: their end is left out, or they are encoded in windows of ``max_length`` tokens, of
        which each term keeps its largest weight.
    stride : int, optional
        Tokens from the beginning of a window to that of the next. Default: windows that meet without overlap.
    special_tokens : {"drop", "keep"}, optional
        Whether special tokens such as [CLS] may be terms. Default: "drop".
    top_k : int, optional
        Keep the heaviest terms of a text, so many at most.
    min_weight : float, optional
        Keep terms of at least this weight.
    keep_mass : float, optional
        Keep the heaviest terms that have this share of the text's whole weight.
    threads : int, optional
        Encoder threads. Default: the cores.
    device : str, optional
        "cpu", "cuda", "cuda:N", "cuda:all", a list such as "cuda:0,cuda:1", or "auto", the default.
    precision : {"auto", "fp32", "fp16", "int8"}, optional
        Precision of the encoder layers; "auto", the default, is fp32 on the CPU and fp16 on a GPU.
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

    def __init__(self, model: Path, **options: Unpack[EncoderOptions]) -> None:
        self._native = _native.Encoder(model, with_runtime(dict(options)))
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
        **quantization: Unpack[QuantizationOptions],
    ) -> list[dict[str, int]]:
        """Return the impact of each term: how often a pseudo-document repeats it.

        Parameters
        ----------
        texts : sequence of str
            Any number of texts.
        step, preset, rounding, min_impact, normalize
            From weights to impacts, see `options.QuantizationOptions`. What needs a whole corpus is refused.

        Returns
        -------
        list of dict
            Impacts by term, ordered by token id.
        """
        return self._native.impacts(_list(texts), _native.Quantization(dict(quantization)))

    def explain(self, text: str, *, step: float | None = None, preset: Preset | None = None) -> dict[str, Any]:
        """Return what becomes of a text: its tokens, and its terms by descending weight.

        Returns
        -------
        dict
            ``text``, ``tokens``, ``truncated``, and ``terms`` with ``term``, ``weight``, ``impact`` and ``expansion``
            (whether the term is not in the text).
        """
        return json.loads(self._native.explain(text, _native.Quantization({"preset": preset, "step": step})))


class TextOptions(EncoderOptions, QuantizationOptions, total=False):
    """From text to impacts."""


class QueryEncoder:
    """Encodes queries as ``splade-export topics`` does. Pyserini's ``LuceneImpactSearcher`` takes it as it is.

    The query side is the one that the model's folder names: the same model, a second one, or a table.

    Parameters
    ----------
    model : str or path
        As for `SpladeEncoder`.
    query_weights : str, optional
        "auto" (the default: as the model's folder says), "model", "table", "ones" (every term 1), or a file of terms and
        weights.
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
        model: Path,
        *,
        query_weights: str | None = None,
        weights: bool = False,
        **options: Unpack[TextOptions],
    ) -> None:
        quantization, encoder = _split(options)
        self._quantization = None if weights else quantization
        self._native = _native.QueryEncoder(model, {**encoder, "query_weights": query_weights})

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
    weights : bool
        Return float weights instead of impacts.
    **options
        The options of `SpladeEncoder`.
    """

    def __init__(
        self,
        model: Path,
        *,
        weights: bool = False,
        **options: Unpack[TextOptions],
    ) -> None:
        quantization, encoder = _split(options)
        self._quantization = None if weights else quantization
        self._native = _native.Encoder(model, encoder)

    def encode(self, texts: Iterable[str], titles: Iterable[str] | None = None, **_: Any) -> list[dict[str, float]]:
        """Return the impact (or weight) of each term of each document, as Python numbers.

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
        if self._quantization is None:
            return self._native.encode(texts)
        return self._native.impacts(texts, self._quantization)


def _join(title: str, text: str) -> str:
    # As the program joins the fields of a record: empty ones leave no space.
    return " ".join(part for part in (title, text) if part)


def _list(texts: Iterable[str]) -> list[str]:
    # A string is a sequence of strings too, and no one means its letters.
    if isinstance(texts, str):
        raise TypeError("texts is a single string; give a list of strings")
    return list(texts)


def _split(options: TextOptions) -> tuple[_native.Quantization, dict[str, Any]]:
    given = dict(options)
    quantization = {name: given.pop(name, None) for name in QuantizationOptions.__annotations__}
    return _native.Quantization(quantization), with_runtime(given)
