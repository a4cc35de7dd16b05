# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Failures as exceptions. Their text is the library's own sentence with the file, the place and the remedy.

Each is a `MobileNetError` and the corresponding built-in exception, so that
`except FileNotFoundError` and `except ValueError` work."""

from __future__ import annotations

import os
from typing import Optional, Type

__all__ = [
    "MobileNetError",
    "ArgumentError",
    "DataTypeError",
    "ClosedError",
    "NotReadyError",
    "OutOfMemoryError",
    "FileAccessError",
    "MissingFileError",
    "FormatError",
    "UnsupportedError",
    "LimitError",
    "ThreadError",
    "BackendError",
    "BackendTimeoutError",
    "CommandError",
]


class MobileNetError(Exception):
    """Whatever the library refuses or cannot do. `status` is its code, `mn_status` in mobilenet.h, or -1 where the
    package itself refused."""

    status: int = -1


class ArgumentError(MobileNetError, ValueError):
    """An invalid value: an index out of range, a shape that is not the tensor's."""


class DataTypeError(MobileNetError, TypeError, ValueError):
    """Numbers with a type other than the tensor's, or something that is not a photo. A `ValueError` too, because
    that is what TensorFlow Lite raises."""


class ClosedError(MobileNetError, ValueError):
    """An object was used after its close(), as with Python's own files."""


class NotReadyError(MobileNetError, RuntimeError):
    """Interpreter.invoke() before allocate_tensors(): a RuntimeError, as in TensorFlow Lite."""


class OutOfMemoryError(MobileNetError, MemoryError):
    """Memory ran out."""


class FileAccessError(MobileNetError, OSError):
    """An existing file cannot be read or written."""


class MissingFileError(FileAccessError, FileNotFoundError):
    """A file does not exist."""


class FormatError(MobileNetError, ValueError):
    """A damaged file."""


class UnsupportedError(MobileNetError, ValueError):
    """A kind of file, operator, type or version that the library does not support."""


class LimitError(MobileNetError, ValueError):
    """Over a size limit."""


class ThreadError(MobileNetError, RuntimeError):
    """A thread cannot be started."""


class BackendError(MobileNetError, RuntimeError):
    """A back end that runs a part of the model failed."""


class BackendTimeoutError(BackendError, TimeoutError):
    """A back end that runs a part of the model timed out."""


class CommandError(MobileNetError, ValueError):
    """The command behind convert(), quantize() or evaluate() refused; `exit_code` is 1, or 2 for invalid options."""

    exit_code: int = 1


# mn_status in mobilenet.h, from 1 on.
_CLASSES: "tuple[Type[MobileNetError], ...]" = (
    ArgumentError,
    OutOfMemoryError,
    FileAccessError,
    FormatError,
    UnsupportedError,
    LimitError,
    ThreadError,
    BackendError,
    BackendError,
    BackendError,
    BackendTimeoutError,
    BackendError,
)
_IO = 3


def from_status(status: int, sentence: str, path: Optional[str] = None) -> MobileNetError:
    """The exception for a status of the library; `path` is the file that was asked for, if any."""
    kind = _CLASSES[status - 1] if 1 <= status <= len(_CLASSES) else MobileNetError
    if status == _IO and path is not None and not os.path.exists(path):
        kind = MissingFileError
    error = kind(sentence)
    error.status = status
    return error
