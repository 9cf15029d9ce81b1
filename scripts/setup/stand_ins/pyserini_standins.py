"""Stand-ins for libraries that Pyserini imports but that searching with encoded topics never uses.

`import pyserini.search.lucene` brings in Pyserini's query encoders, and with them torch, transformers and more:
6.6 GB. Here the queries are encoded already, by splade-export, and Lucene does the search, so none of that code runs.
`scripts/setup.sh python` puts this file into the environment it makes, where Python loads it on start (from
`pyserini_standins.pth`). It only answers for the modules named below, and only where the real one is not installed.

A stand-in can be imported, subclassed and named in an annotation. Anything else raises an error that says what is
missing: a result can never come out of one.
"""

import importlib.abc
import importlib.machinery
import sys
import types

STAND_INS = {
    "PIL",
    "onnxruntime",
    "openai",
    "pandas",
    "requests",
    "scipy",
    "sklearn",
    "tiktoken",
    "torch",
    "transformers",
}

# What Pyserini calls while it is being imported, and the true answer.
ANSWERS = {
    "torch.cuda.is_available": lambda: False,
    # A client that is made and not used; using it raises.
    "openai.OpenAI": lambda **_: placeholder("openai.OpenAI()"),
    # Decorators: they hand back the function they are given.
    "torch.no_grad": lambda: lambda function: function,
    "torch.inference_mode": lambda: lambda function: function,
}


class Placeholder(type):
    """The class of every stand-in class: it may be named, but not called."""

    def __call__(cls, *args, **kwargs):
        if cls.__name__ in ANSWERS:
            return ANSWERS[cls.__name__](*args, **kwargs)
        raise ImportError(
            f"{cls.__name__} was called, but it is only a stand-in here: searching with encoded topics does not need "
            "it. For Pyserini's own encoders install Pyserini in full (pip install pyserini) and set "
            "SPLADE_EXPORT_PYTHON to that Python."
        )

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return placeholder(f"{cls.__name__}.{name}")


def placeholder(name):
    return Placeholder(name, (), {})


class StandIn(types.ModuleType):
    """A module in which every public name is a placeholder class."""

    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return placeholder(f"{self.__name__}.{name}")


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Last in line: it is asked only for modules that nothing else could find."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in STAND_INS:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return StandIn(spec.name)

    def exec_module(self, module):
        pass


sys.meta_path.append(Finder())
