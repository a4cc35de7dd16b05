# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The shared libraries, and their functions and structs as mobilenet.h and its companions declare them.

ctypes, because one wheel then serves every Python 3, and because it lets other threads of Python run during each call.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_ssize_t, c_uint8, c_uint32, c_void_p
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, ContextManager, Optional, Sequence, Tuple, Type, TypeVar, Union

from . import errors

PathLike = Union[str, "os.PathLike[str]"]
_Self = TypeVar("_Self", bound="Owner")

ROOM_RANK = 8
"""MN_ROOM_RANK: dimensions for which structs have room."""


class Quant(ctypes.Structure):
    _fields_ = [("count", c_int32), ("axis", c_int32), ("scale", POINTER(c_float)), ("zero_point", POINTER(c_int32))]


class Growing(ctypes.Structure):
    """A struct that begins with its size, so that libraries of other versions understand it."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(struct_bytes=ctypes.sizeof(type(self)), **fields)


class TensorInfoStruct(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("type", c_int),
        ("name", c_char_p),
        ("rank", c_int32),
        ("dims", c_int32 * ROOM_RANK),
        ("bytes", c_size_t),
        ("quant", Quant),
        ("data", c_void_p),
        ("open_dims", c_uint32),
        ("reserved", c_int32),
    ]


class Signature(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("input_count", c_int32),
        ("output_count", c_int32),
        ("reserved", c_int32),
        ("key", c_char_p),
        ("input_names", POINTER(c_char_p)),
        ("inputs", POINTER(c_int32)),
        ("output_names", POINTER(c_char_p)),
        ("outputs", POINTER(c_int32)),
    ]


class InputShape(ctypes.Structure):
    _fields_ = [("input", c_int32), ("rank", c_int32), ("dims", c_int32 * ROOM_RANK)]


class SessionOptions(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("threads", c_int32),
        ("arena", c_void_p),
        ("arena_bytes", c_size_t),
        ("keep_tensors", c_int32),
        ("streamed", c_int32),
        ("cpu", c_char_p),
        ("input_shapes", POINTER(InputShape)),
        ("input_shape_count", c_int32),
        ("batch", c_int32),
        ("delegates", POINTER(c_void_p)),
        ("delegate_count", c_int32),
        ("full_delegation", c_int32),
    ]


class Pixels(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("source", c_int),
        ("low", c_double * 3),
        ("high", c_double * 3),
        ("central_crop", c_int32),
        ("reserved", c_int32),
    ]


class Frame(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("format", c_int),
        ("width", c_int32),
        ("height", c_int32),
        ("orientation", c_int32),
        ("reserved", c_int32),
        ("pixels", c_void_p),
        ("stride", c_ssize_t),
    ]


class PreprocessOptions(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("crop", c_int),
        ("filter", c_int),
        ("has_range", c_int32),
        ("has_mean", c_int32),
        ("low", c_float),
        ("high", c_float),
        ("mean", c_float * 3),
        ("deviation", c_float * 3),
    ]


class PreprocessInfo(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("type", c_int),
        ("width", c_int32),
        ("height", c_int32),
        ("channels", c_int32),
        ("planes", c_int32),
        ("crop", c_int),
        ("filter", c_int),
        ("bytes", c_size_t),
        ("pixels", POINTER(Pixels)),
        ("text", c_char_p),
    ]


class ClassifierOptions(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("label_count", c_int32),
        ("labels", POINTER(c_char_p)),
        ("output", c_char_p),
        ("session", POINTER(SessionOptions)),
        ("preprocess", POINTER(PreprocessOptions)),
    ]


class ClassifierInfo(Growing):
    _fields_ = [
        ("struct_bytes", c_uint32),
        ("ending", c_int),
        ("classes", c_int32),
        ("units", c_int32),
        ("labels", c_int32),
        ("scores_known", c_int32),
        ("output", c_int32),
        ("reserved", c_int32),
        ("output_name", c_char_p),
    ]


class Class(ctypes.Structure):
    _fields_ = [
        ("index", c_int32),
        ("probability", c_float),
        ("score", c_float),
        ("reserved", c_int32),
        ("name", c_char_p),
        ("reserved_too", c_void_p),
    ]


_OUT = POINTER(c_void_p)
_Signature = Tuple[str, Any, Sequence[Any]]

_CORE: "Sequence[_Signature]" = (
    ("mn_version", c_char_p, ()),
    ("mn_error_detail", c_char_p, ()),
    ("mn_model_open", c_int, (c_char_p, _OUT)),
    ("mn_model_from_memory", c_int, (c_char_p, c_size_t, c_char_p, _OUT)),
    ("mn_model_close", None, (_OUT,)),
    ("mn_model_input_count", c_int32, (c_void_p,)),
    ("mn_model_output_count", c_int32, (c_void_p,)),
    ("mn_model_tensor_count", c_int32, (c_void_p,)),
    ("mn_model_input", c_int32, (c_void_p, c_int32)),
    ("mn_model_output", c_int32, (c_void_p, c_int32)),
    ("mn_model_tensor", c_int, (c_void_p, c_int32, POINTER(TensorInfoStruct))),
    ("mn_model_signature_count", c_int32, (c_void_p,)),
    ("mn_model_signature", c_int, (c_void_p, c_int32, POINTER(Signature))),
    ("mn_model_description", c_char_p, (c_void_p,)),
    ("mn_model_pixels", c_int, (c_void_p, POINTER(Pixels))),
    ("mn_session_create", c_int, (c_void_p, POINTER(SessionOptions), _OUT)),
    ("mn_session_close", None, (_OUT,)),
    ("mn_session_run", c_int, (c_void_p,)),
    ("mn_session_input", c_void_p, (c_void_p, c_int32)),
    ("mn_session_output", c_void_p, (c_void_p, c_int32)),
    ("mn_session_tensor", c_int, (c_void_p, c_int32, POINTER(TensorInfoStruct))),
    ("mn_session_tensor_data", c_void_p, (c_void_p, c_int32)),
    ("mn_session_arena_bytes", c_size_t, (c_void_p,)),
    ("mn_session_threads", c_int32, (c_void_p,)),
    ("mn_delegate_open_external", c_int, (c_char_p, c_char_p, _OUT)),
    ("mn_delegate_open_ethosu", c_int, (_OUT,)),
    ("mn_delegate_name", c_char_p, (c_void_p,)),
    ("mn_delegate_close", None, (_OUT,)),
    ("mn_image_from_pixels", c_int, (POINTER(Frame), _OUT)),
    ("mn_image_size", c_int, (c_void_p, POINTER(c_int32), POINTER(c_int32))),
    ("mn_image_copy", c_int, (c_void_p, c_void_p, c_size_t)),
    ("mn_image_close", None, (_OUT,)),
    (
        "mn_preprocessor_create",
        c_int,
        (POINTER(TensorInfoStruct), POINTER(Pixels), POINTER(PreprocessOptions), _OUT),
    ),
    ("mn_preprocessor_describe", c_int, (c_void_p, POINTER(PreprocessInfo))),
    ("mn_preprocessor_run", c_int, (c_void_p, c_void_p, c_void_p)),
    ("mn_preprocessor_close", None, (_OUT,)),
    ("mn_ending_name", c_char_p, (c_int,)),
    ("mn_classifier_create", c_int, (c_void_p, POINTER(ClassifierOptions), _OUT)),
    ("mn_classifier_close", None, (_OUT,)),
    ("mn_classifier_describe", c_int, (c_void_p, POINTER(ClassifierInfo))),
    ("mn_classifier_describe_input", c_int, (c_void_p, POINTER(PreprocessInfo))),
    ("mn_classifier_name", c_char_p, (c_void_p, c_int32)),
    ("mn_classify", c_int, (c_void_p, c_void_p, c_int32, POINTER(Class), POINTER(c_int32))),
    ("mn_classifier_probabilities", POINTER(c_float), (c_void_p,)),
)
_IMAGE: "Sequence[_Signature]" = (
    ("mn_image_open", c_int, (c_char_p, c_void_p, _OUT)),
    ("mn_image_from_memory", c_int, (c_char_p, c_size_t, c_char_p, c_void_p, _OUT)),
)

_OWN = Path(__file__).parent / "lib"


def folder() -> Optional[Path]:
    """Where the libraries are: $MOBILENET_LIBRARIES, else beside this file where a wheel put them; None: where the
    system keeps its own."""
    named = os.environ.get("MOBILENET_LIBRARIES")
    if named:
        return Path(named)
    return _OWN if _OWN.is_dir() else None


class Clamped(c_int32):
    """An argument that stays too large where it is too large, so that the library refuses it: c_int32 would wrap."""

    @classmethod
    def from_param(cls, value: int) -> c_int32:
        return c_int32(max(-(2**31), min(int(value), 2**31 - 1)))


def _load(name: str, signatures: "Sequence[_Signature]") -> ctypes.CDLL:
    where = folder()
    path = name if where is None else str(where / name)
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{error}; install the package's wheel, install the library, or set MOBILENET_LIBRARIES to the folder with "
            f"{name}"
        ) from None
    for function_name, result, arguments in signatures:
        function = getattr(library, function_name, None)
        if function is None:
            raise ImportError(f"{path} is older than this package: it has no {function_name}()")
        function.restype = result
        function.argtypes = [Clamped if kind is c_int32 else kind for kind in arguments]
    return library


# Before 1.0 a minor version may change the interface, so their names hold it.
core = _load("libmobilenet.so.0.1", _CORE)
image = _load("libmobilenet_image.so.0.1", _IMAGE)


def text(value: Optional[bytes]) -> str:
    """A string of the library, which may hold a file's bytes as they are."""
    return (value or b"").decode("utf-8", "replace")


def encode(path: PathLike) -> bytes:
    """A path for the library. Raises ArgumentError where no file can have it."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise errors.ArgumentError(f"{os.fspath(path)!r}: a path has no zero bytes")
    return encoded


def check(status: int, path: Optional[PathLike] = None) -> None:
    """Raises what went wrong in a call on this thread, if anything did."""
    if status != 0:
        raise errors.from_status(status, text(core.mn_error_detail()), None if path is None else os.fspath(path))


_counting = threading.RLock()  # a finaliser may run while this thread counts


class Handle:
    """Something of the library's that must be closed, and what it stands on, which must be closed after it: not until
    everything that stands on it has let go, in whatever order Python finalises objects."""

    __slots__ = ("pointer", "_address", "_close", "_below", "_users", "_held", "__weakref__")

    def __init__(
        self, open_it: "Callable[[Any], int]", close: "Callable[[Any], Any]", *below: Any, path: Optional[PathLike] = None
    ) -> None:
        self.pointer = c_void_p()
        self._address = ctypes.byref(self.pointer)
        self._close = close
        self._below: "tuple[Any, ...]" = ()
        self._users = 0
        check(open_it(self._address), path)
        self._users = 1
        self._held = True
        self._below = below
        for one in below:
            if isinstance(one, Handle):
                with _counting:
                    one._users += 1

    def _leave(self) -> None:
        with _counting:
            self._users -= 1
            last = self._users == 0
        if last:
            self._close(self._address)
            for one in self._below:
                if isinstance(one, Handle):
                    one._leave()

    def __del__(self) -> None:
        if self._users > 0 and self._held:
            self._held = False
            self._leave()


class Owner:
    """What has a Handle until it is closed: the base of the classes that users see."""

    _title: str  # what sentences call it
    _handle: Optional[Handle] = None
    _lock: "ContextManager[Any]" = contextlib.nullcontext()  # a class whose calls must take turns has one of its own

    @property
    def handle(self) -> Handle:
        """What the library calls it. Raises ClosedError."""
        if self._handle is None:
            raise errors.ClosedError(f"{self._title} is closed")
        return self._handle

    def close(self) -> None:
        """Lets go of memory and threads, which are freed when the last object or array that uses them is gone."""
        with self._lock:
            self._handle = None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._title}{' (closed)' if self._handle is None else ''}>"


def memory(pointer: int, size: int, owner: Any) -> memoryview:
    """`size` bytes at `pointer`, which keep `owner` from being closed for as long as anything looks at them."""
    view = (c_uint8 * size).from_address(pointer)
    view._owner = owner  # type: ignore[attr-defined]
    return memoryview(view).cast("B")
