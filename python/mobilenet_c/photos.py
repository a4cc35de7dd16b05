# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Photos from any source, as the library's images and as input tensors."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any, Optional, Protocol, Sequence, Tuple, Union, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from . import _library as lib
from . import errors
from .model import Model
from .tensors import Array, TensorInfo


@runtime_checkable
class PillowImage(Protocol):
    """What is used of a PIL.Image.Image, so that Pillow need not be there."""

    size: Tuple[int, int]

    def convert(self, mode: str) -> Any: ...

    def getexif(self) -> Any: ...


Photo = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, NDArray[np.uint8], PillowImage]
"""A photo: the path of a file; a file's bytes; pixels [height, width, 3] (red, green, blue), [height, width, 4] (and
alpha, which is dropped) or [height, width] (gray) of uint8; or an image of Pillow's, which is turned as its EXIF data
says. Files are JPEG, PNG, WebP, BMP, PGM or PPM."""

_RGB, _RGBA, _GRAY = 0, 1, 4  # mn_pixel_format
_ORIENTATION = 0x0112  # EXIF

_FILTERS = ("auto", "nearest", "box", "bilinear", "hamming", "bicubic", "lanczos")
_CROPS = ("auto", "exact", "central")


def _from_path(path: "lib.PathLike") -> lib.Handle:
    encoded = lib.encode(path)
    return lib.Handle(
        lambda out: lib.image.mn_image_open(encoded, None, out), lib.core.mn_image_close, path=path
    )


def _from_bytes(data: bytes) -> lib.Handle:
    return lib.Handle(
        lambda out: lib.image.mn_image_from_memory(data, len(data), b"photo in memory", None, out),
        lib.core.mn_image_close,
        data,
    )


def _from_pixels(pixels: Array, orientation: int = 0) -> lib.Handle:
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.dtype != np.uint8:
        raise errors.DataTypeError(f"pixels are uint8, 0..255, not {pixels.dtype}")
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and channels not in (1, 3, 4)):
        raise errors.ArgumentError(
            f"pixels have the shape [height, width, 3], [height, width, 4] or [height, width], not {list(pixels.shape)}"
        )
    if 0 in pixels.shape:
        raise errors.ArgumentError(f"there are no pixels in an array of the shape {list(pixels.shape)}")
    # Rows may lie anywhere, as in a part of a picture or one upside down; in them pixels have no gaps.
    gaps = pixels.strides[1] != channels or (pixels.ndim == 3 and pixels.strides[2] != 1)
    if gaps:
        pixels = np.ascontiguousarray(pixels)
    frame = lib.Frame(
        format={1: _GRAY, 3: _RGB, 4: _RGBA}[channels],
        width=pixels.shape[1],
        height=pixels.shape[0],
        orientation=orientation,
        pixels=pixels.ctypes.data,
        stride=pixels.strides[0],
    )
    return lib.Handle(
        lambda out: lib.core.mn_image_from_pixels(frame, out), lib.core.mn_image_close, pixels
    )


def _from_pillow(image: PillowImage) -> lib.Handle:
    turn = image.getexif().get(_ORIENTATION, 0)
    pixels = np.asarray(image.convert("RGB"))
    return _from_pixels(pixels, turn if isinstance(turn, int) and 1 <= turn <= 8 else 0)


def open_photo(photo: Photo) -> lib.Handle:
    """The library's image of a photo. Nothing is copied, but for bytearrays, images of Pillow's, and arrays with gaps
    between pixels.

    Raises DataTypeError (no photo), MissingFileError, FileAccessError, FormatError, UnsupportedError, LimitError."""
    if isinstance(photo, (str, os.PathLike)):
        return _from_path(photo)
    if isinstance(photo, (bytes, bytearray)) or (isinstance(photo, memoryview) and photo.ndim == 1):
        return _from_bytes(bytes(photo))
    if isinstance(photo, memoryview):
        return _from_pixels(np.asarray(photo))
    if isinstance(photo, np.ndarray):
        return _from_pixels(photo)
    if isinstance(photo, PillowImage):
        return _from_pillow(photo)
    raise errors.DataTypeError(
        f"a photo is a path, the bytes of a file, an array of uint8 or an image of Pillow's, not {type(photo).__name__}"
    )


def decode(photo: Photo) -> "NDArray[np.uint8]":
    """The pixels of a photo, upright: [height, width, 3] of red, green and blue, as Pillow gives them for
    `ImageOps.exif_transpose(Image.open(path)).convert("RGB")`. Raises as Classifier.classify()."""
    image = open_photo(photo)
    width, height = ctypes.c_int32(), ctypes.c_int32()
    lib.check(lib.core.mn_image_size(image.pointer, width, height))
    pixels = np.empty((height.value, width.value, 3), np.uint8)
    lib.check(lib.core.mn_image_copy(image.pointer, pixels.ctypes.data, pixels.nbytes))
    return pixels


def _number(name: str, names: Tuple[str, ...], what: str) -> int:
    if name not in names:
        raise errors.ArgumentError(f"{name!r} is no {what}; there are {', '.join(names)}")
    return names.index(name)


def preprocess_options(
    crop: str = "auto",
    filter: str = "auto",
    pixel_range: Optional[Tuple[float, float]] = None,
    mean: Optional[Sequence[float]] = None,
    deviation: Optional[Sequence[float]] = None,
) -> lib.PreprocessOptions:
    """The library's struct of Classifier's arguments of the same names."""
    options = lib.PreprocessOptions(crop=_number(crop, _CROPS, "crop"), filter=_number(filter, _FILTERS, "filter"))
    if pixel_range is not None:
        options.has_range = 1
        options.low, options.high = pixel_range
    if (mean is None) != (deviation is None):
        raise errors.ArgumentError("mean and deviation go together")
    if mean is not None and deviation is not None:
        if len(mean) != 3 or len(deviation) != 3:
            raise errors.ArgumentError("mean and deviation have three numbers each: of red, green and blue")
        options.has_mean = 1
        options.mean[:], options.deviation[:] = mean, deviation
    return options


class Preprocessor(lib.Owner):
    """Turns photos into the input of a model, for programs that run it themselves: turns, crops, resizes, normalises
    and quantises. The arguments are those of Classifier.

    Raises UnsupportedError if the first input of the model is not a picture."""

    def __init__(
        self,
        model: "Model | lib.PathLike | bytes",
        *,
        crop: str = "auto",
        filter: str = "auto",
        pixel_range: Optional[Tuple[float, float]] = None,
        mean: Optional[Sequence[float]] = None,
        deviation: Optional[Sequence[float]] = None,
    ) -> None:
        opened = model if isinstance(model, Model) else Model(model)
        options = preprocess_options(crop, filter, pixel_range, mean, deviation)
        self._title = f"the preprocessor of {opened.name}"
        below = opened.handle
        info, pixels = lib.TensorInfoStruct(), lib.Pixels()
        told = pixel_range is not None or mean is not None
        self._input: TensorInfo = opened.inputs[0]
        self._lock = threading.Lock()
        lib.check(lib.core.mn_model_tensor(below.pointer, self._input.index, info))
        if not told:
            lib.check(lib.core.mn_model_pixels(below.pointer, pixels))
        self._handle = lib.Handle(
            lambda out: lib.core.mn_preprocessor_create(info, None if told else pixels, options, out),
            lib.core.mn_preprocessor_close,
        )
        if opened is not model:
            opened.close()

    def __call__(self, photo: Photo, out: Optional[Array] = None) -> Array:
        """The input tensor of one photo, [1, height, width, channels] for most models: a new array, or `out`, which
        must be contiguous and have its size and type (`session.input()`, or one image's place in a batch).

        Raises as Classifier.classify(), and DataTypeError or ArgumentError for another `out`."""
        shape = (1,) + self._input.shape[1:]
        tensor: Array = np.empty(shape, self._input.dtype) if out is None else out
        if tensor.dtype != self._input.dtype:
            raise errors.DataTypeError(f"out takes {self._input.dtype}, not {tensor.dtype}")
        if tensor.size != int(np.prod(shape)) or not tensor.flags.c_contiguous or not tensor.flags.writeable:
            raise errors.ArgumentError(f"out must be contiguous, writable and of the shape {list(shape)}")
        image = open_photo(photo)
        with self._lock:
            lib.check(lib.core.mn_preprocessor_run(self.handle.pointer, image.pointer, tensor.ctypes.data))
        return tensor

    @property
    def text(self) -> str:
        """What it does: "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128"."""
        info = lib.PreprocessInfo()
        lib.check(lib.core.mn_preprocessor_describe(self.handle.pointer, info))
        return lib.text(info.text)
