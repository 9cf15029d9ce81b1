"""What can go wrong, by kind. Every message names the place and what to do about it."""


class SpladeExportError(Exception):
    """Any error of this package."""


class SpladeExportWarning(UserWarning):
    """Something is done as it was asked for and loses something, or an earlier run left something damaged."""


class SettingError(SpladeExportError, ValueError):
    """Options that contradict each other or are out of range."""


class CorpusError(SpladeExportError):
    """The corpus, the topics, or a record of them."""


class ModelError(SpladeExportError):
    """The model's folder, or its name on the hub."""


class EncodingError(SpladeExportError):
    """ONNX Runtime, the device, or the encoding itself."""


class CollectionError(SpladeExportError):
    """A collection that is read."""


class IndexFormatError(SpladeExportError):
    """A Lucene index that is read or written."""


class RunError(SpladeExportError):
    """A run that cannot begin or go on: its output is taken, locked or of another run."""


class OutputError(SpladeExportError):
    """A format cannot write a record, such as an impact that Lucene cannot keep."""
