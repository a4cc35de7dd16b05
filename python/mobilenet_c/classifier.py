# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""From a photo to named classes."""

from __future__ import annotations

import ctypes
import os
import re
import threading
from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
from numpy.typing import NDArray

from . import _library as lib
from . import errors
from .delegates import Delegate
from .model import Model, session_options
from .photos import Photo, open_photo, preprocess_options

Labels = Union[str, "os.PathLike[str]", Sequence[str]]


@dataclass(frozen=True)
class Prediction:
    """One class of a result."""

    index: int
    """Number of the class."""
    name: str
    probability: float
    """0..1"""
    score: float
    """What ranks classes: probabilities are its softmax, before 8 bits round them."""


_NUMBERED = re.compile(r"(\d{1,9})[ \t:,;]+(.+)")


def _in_order(lines: List[str]) -> List[str]:
    """Lines that all begin with numbers, from 0 or 1 on, are in the order of these, which are not part of the names."""
    found = [_NUMBERED.fullmatch(line) for line in lines]
    names = {int(one[1]): one[2] for one in found if one is not None}
    first = min(names, default=0)
    if len(names) != len(lines) or first > 1 or max(names, default=0) - first + 1 != len(names):
        return lines
    return [names[number] for number in sorted(names)]


def read_labels(path: "lib.PathLike") -> List[str]:
    """Class names from a text file, one per line, as for the command's --labels.

    Raises MissingFileError, FileAccessError, FormatError."""
    try:
        with open(path, encoding="utf-8-sig") as lines:
            return _in_order([line.strip() for line in lines if line.strip()])
    except FileNotFoundError as error:
        raise errors.MissingFileError(f"{os.fspath(path)}: {error.strerror}") from None
    except OSError as error:
        raise errors.FileAccessError(f"{os.fspath(path)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise errors.FormatError(f"{os.fspath(path)}: labels are UTF-8 text, one a line, and this is not") from None


class Classifier(lib.Owner):
    """Classifies photos.

        with Classifier("model.tflite") as classifier:
            for prediction in classifier.classify("cat.jpg"):
                print(f"{prediction.probability:.1%} {prediction.name}")

    `model`: a Model, the path of a `.tflite` file or its bytes.
    `labels`: names of the classes, or a text file with one per line; else the model's own, ImageNet's for 1000 or
    1001 classes, or "class 7".
    `output`: number or name of the output with the classes.
    `threads`, `cpu`, `delegates`, `full_delegation`: as Session.
    `crop`: "auto" (as the model defines), "exact" (the whole photo) or "central" (87.5 % of each side).
    `filter`: "auto" (bicubic), "nearest", "box", "bilinear", "hamming", "bicubic" or "lanczos", as Pillow's.
    `pixel_range`: values of pixels 0 and 255 in the model's input, or `mean` and `deviation` of red, green and blue,
    0..255; else as the model defines.

    Threads that share a classifier take turns; other threads run during its calls.

    Raises what Model raises; UnsupportedError for a model that does not classify pictures; ArgumentError for
    options, including too many or too few labels."""

    def __init__(
        self,
        model: "Model | lib.PathLike | bytes | bytearray | memoryview",
        *,
        labels: Optional[Labels] = None,
        output: "str | int | None" = None,
        threads: int = 1,
        cpu: Optional[str] = None,
        delegates: Sequence[Delegate] = (),
        full_delegation: bool = False,
        crop: str = "auto",
        filter: str = "auto",
        pixel_range: Optional[Tuple[float, float]] = None,
        mean: Optional[Sequence[float]] = None,
        deviation: Optional[Sequence[float]] = None,
    ) -> None:
        self.model = model if isinstance(model, Model) else Model(model)
        self._title = f"the classifier of {self.model.name}"
        names = read_labels(labels) if isinstance(labels, (str, os.PathLike)) else list(labels or ())
        session = session_options(threads=threads, cpu=cpu, delegates=delegates, full_delegation=full_delegation)
        preprocess = preprocess_options(crop, filter, pixel_range, mean, deviation)
        options = lib.ClassifierOptions(
            label_count=len(names),
            output=None if output is None else str(output).encode("utf-8"),
            session=ctypes.pointer(session),
            preprocess=ctypes.pointer(preprocess),
        )
        if names:
            options.labels = (ctypes.c_char_p * len(names))(*(name.encode("utf-8") for name in names))
        below = self.model.handle
        self._handle = lib.Handle(
            lambda out: lib.core.mn_classifier_create(below.pointer, options, out),
            lib.core.mn_classifier_close,
            below,
            *(delegate.handle for delegate in delegates),
        )
        self._lock = threading.Lock()
        info, pointer = self._describe(), self._handle.pointer
        self.labels: List[str] = [lib.text(lib.core.mn_classifier_name(pointer, i)) for i in range(info.classes)]
        """Names of the classes, by number."""
        self.ending: str = lib.text(lib.core.mn_ending_name(info.ending))
        """How the model ends: "softmax", "scores" (one class holds) or "sigmoid" (each label holds or not)."""
        self._several = bool(info.labels)

    def _describe(self) -> lib.ClassifierInfo:
        info = lib.ClassifierInfo()
        lib.check(lib.core.mn_classifier_describe(self.handle.pointer, info))
        return info

    @property
    def input_text(self) -> str:
        """The preprocessing of photos: "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128"."""
        info = lib.PreprocessInfo()
        lib.check(lib.core.mn_classifier_describe_input(self.handle.pointer, info))
        return lib.text(info.text)

    def classify(self, photo: Photo, top: int = 5) -> List[Prediction]:
        """The `top` most probable classes of a photo, best first, or all of them if the model has fewer.

        Raises MissingFileError, FileAccessError, FormatError (a damaged photo), UnsupportedError (another kind of
        file), LimitError (too large), DataTypeError (no photo), ArgumentError (pixels of another shape, `top` below
        1)."""
        image = open_photo(photo)
        best = (lib.Class * max(1, min(top, len(self.labels))))()
        count = ctypes.c_int32()
        with self._lock:
            handle = self.handle
            lib.check(lib.core.mn_classify(handle.pointer, image.pointer, min(top, len(self.labels)), best, count))
        return [Prediction(c.index, lib.text(c.name), c.probability, c.score) for c in best[: count.value]]

    def probabilities(self, photo: Photo) -> "NDArray[np.float32]":
        """Probabilities of all classes [classes], a new array. Raises as classify()."""
        image = open_photo(photo)
        best, count = lib.Class(), ctypes.c_int32()
        with self._lock:
            handle = self.handle
            lib.check(lib.core.mn_classify(handle.pointer, image.pointer, 1, best, count))
            values = lib.core.mn_classifier_probabilities(handle.pointer)
            return np.array(values[: len(self.labels)], np.float32)
