# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""MobileNet and other image classifiers in int8 and float, with the bits of TensorFlow Lite's reference kernels.

    from mobilenet_c import Classifier

    print(Classifier("model.tflite").classify("cat.jpg"))

`Classifier` turns photos into named classes, `Model` and `Session` work on arrays, `Interpreter` replaces TensorFlow
Lite's; `convert`, `quantize` and `evaluate` make and evaluate models."""

from ._library import core as _core
from ._library import text as _text
from .classifier import Classifier, Prediction
from .delegates import Delegate
from .errors import *  # noqa: F403
from .errors import __all__ as _errors
from .interpreter import Interpreter, SignatureRunner, load_delegate
from .model import ALL_THREADS, Model, Session, Signature
from .photos import Photo, Preprocessor, decode
from .tensors import TensorInfo
from .tools import Evaluation, Share, convert, evaluate, quantize

__version__: str = _text(_core.mn_version())
"""Version of the library."""

__all__ = [
    "ALL_THREADS",
    "Classifier",
    "Delegate",
    "Evaluation",
    "Interpreter",
    "Model",
    "Photo",
    "Prediction",
    "Preprocessor",
    "Session",
    "Share",
    "Signature",
    "SignatureRunner",
    "TensorInfo",
    "convert",
    "decode",
    "evaluate",
    "load_delegate",
    "quantize",
    *_errors,
]
