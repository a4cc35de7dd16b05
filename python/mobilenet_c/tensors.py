# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Facts about tensors, and arrays over their memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Tuple

import numpy as np
from numpy.typing import NDArray

from . import _library as lib
from . import errors

Array = NDArray[Any]

# mn_type; the first is that of tensors which nothing names.
_DTYPES = (np.void, np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64, np.int16)


@dataclass(frozen=True)
class TensorInfo:
    """One tensor. A stored number `q` means `scale * (q - zero_point)` if there are scales."""

    index: int
    """Its number in the model's file."""
    name: str
    shape: Tuple[int, ...]
    dtype: "np.dtype[Any]"
    scales: "NDArray[np.float32]"
    """Empty: not quantised; one: for the whole tensor; more: one for each index of `quantised_dimension`."""
    zero_points: "NDArray[np.int32]"
    quantised_dimension: int
    bytes: int
    shape_signature: Tuple[int, ...]
    """The shape, with -1 where the file says that a dimension may be any."""

    def with_shape(self, shape: Tuple[int, ...]) -> "TensorInfo":
        """The same with other dimensions."""
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        return replace(self, shape=shape, bytes=size)


def describe(get: "Callable[[Any], int]", index: int) -> TensorInfo:
    """Facts that `get` writes to a struct."""
    info = lib.TensorInfoStruct()
    lib.check(get(info))
    count, shape = info.quant.count, tuple(info.dims[: info.rank])
    if not 0 <= info.type < len(_DTYPES):
        raise errors.UnsupportedError(f"tensor {index}: numbers of type {info.type} have none in NumPy")
    return TensorInfo(
        index=index,
        name=lib.text(info.name),
        shape=shape,
        dtype=np.dtype(_DTYPES[info.type]),
        scales=np.array(info.quant.scale[:count], np.float32),
        zero_points=np.array(info.quant.zero_point[:count], np.int32),
        quantised_dimension=info.quant.axis,
        bytes=info.bytes,
        shape_signature=tuple(-1 if info.open_dims >> i & 1 else size for i, size in enumerate(shape)),
    )


def view(pointer: "int | None", info: TensorInfo, owner: Any, writable: bool = False) -> Array:
    """An array over a tensor's memory, which lives as long as the array."""
    if not pointer:
        raise errors.ArgumentError(
            f"tensor {info.index} ({info.name}) has no memory of its own to look at; keep all tensors to see it"
        )
    array: Array = np.frombuffer(lib.memory(pointer, info.bytes, owner), info.dtype).reshape(info.shape)
    array.flags.writeable = writable
    return array


def check_array(value: Any, info: TensorInfo, what: str) -> Array:
    """`value` as an array, which must have the tensor's type and shape.

    Raises DataTypeError or ArgumentError."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype != info.dtype:
        raise errors.DataTypeError(f"{what} ({info.name}) takes {info.dtype}, not {array.dtype}")
    if array.shape != info.shape:
        raise errors.ArgumentError(f"{what} ({info.name}) has the shape {list(info.shape)}, not {list(array.shape)}")
    return array
