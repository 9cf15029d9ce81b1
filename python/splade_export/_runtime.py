"""Where ONNX Runtime's shared library is."""

import importlib.util
import os
from pathlib import Path


def library() -> str | None:
    """Return the library to load, or None to let the native code look for one.

    The order is ``ORT_DYLIB_PATH``, the package ``onnxruntime-gpu`` if it is installed, and the library inside this
    package.
    """
    if os.environ.get("ORT_DYLIB_PATH"):
        return None
    for folder in (_gpu_package(), Path(__file__).parent / "onnxruntime"):
        if folder is not None:
            for pattern in ("libonnxruntime.so*", "libonnxruntime*.dylib"):
                for found in sorted(folder.glob(pattern)):
                    return str(found)
    return None


def _gpu_package() -> Path | None:
    # The package for CPUs has the same name and no provider for CUDA.
    spec = importlib.util.find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "capi"
    return folder if any(folder.glob("libonnxruntime_providers_cuda.*")) else None
