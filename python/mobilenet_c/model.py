# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Models and sessions: arrays in, arrays out."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _library as lib
from . import errors
from .delegates import Delegate
from .tensors import Array, TensorInfo, check_array, describe, view

ALL_THREADS = -1
"""As many threads as there are processors for this process."""

Inputs = Union[Array, Sequence[Array], Mapping[str, Array]]


def _encode_cpu(cpu: Optional[str]) -> Optional[bytes]:
    return None if cpu is None else cpu.encode("utf-8")


def session_options(
    *,
    threads: int = 1,
    batch: int = 1,
    streamed: bool = False,
    keep_tensors: bool = False,
    cpu: Optional[str] = None,
    delegates: Sequence[Delegate] = (),
    full_delegation: bool = False,
    input_shapes: Optional[Mapping[int, Sequence[int]]] = None,
) -> lib.SessionOptions:
    """The library's struct of Session's arguments; arrays that it points to live as long as it."""
    shapes = input_shapes or {}
    array = (lib.InputShape * len(shapes))()
    for slot, (number, dims) in zip(array, shapes.items()):
        if len(dims) > lib.ROOM_RANK:
            raise errors.ArgumentError(f"input {number}: {len(dims)} dimensions are more than the library has")
        slot.input, slot.rank, slot.dims = number, len(dims), tuple(dims)
    handles = (ctypes.c_void_p * len(delegates))(*(delegate.handle.pointer.value for delegate in delegates))
    options = lib.SessionOptions(
        threads=threads,
        keep_tensors=keep_tensors,
        streamed=streamed,
        cpu=_encode_cpu(cpu),
        input_shape_count=len(shapes),
        batch=0 if batch == 1 else batch,
        delegate_count=len(delegates),
        full_delegation=full_delegation,
    )
    if shapes:
        options.input_shapes = array
    if delegates:
        options.delegates = handles
    return options


class Signature(NamedTuple):
    """Names of inputs and outputs, and the numbers of their tensors."""

    inputs: Dict[str, int]
    outputs: Dict[str, int]


class Model(lib.Owner):
    """A `.tflite` model. It is immutable, and any number of sessions and threads may use it.

        with Model("model.tflite") as model:
            scores = model.run(images)

    `source` is the path of a file, which is mapped, or the bytes of one. If the file is overwritten while it is
    mapped, the model changes, and if it is truncated, the process ends: pass its bytes if that can happen.

    Raises MissingFileError, FileAccessError, FormatError (damaged) and UnsupportedError (an operator or type that
    the library lacks)."""

    def __init__(self, source: "lib.PathLike | bytes | bytearray | memoryview") -> None:
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)  # the very same object, where it is one of bytes
            self.name = "model in memory"
            self._handle = lib.Handle(
                lambda out: lib.core.mn_model_from_memory(data, len(data), b"model in memory", out),
                lib.core.mn_model_close,
                data,
            )
        elif isinstance(source, (str, os.PathLike)):
            self.name = os.fspath(source)
            path = lib.encode(source)
            self._handle = lib.Handle(
                lambda out: lib.core.mn_model_open(path, out), lib.core.mn_model_close, path=source
            )
        else:
            raise errors.DataTypeError(f"a model is the path of a file or its bytes, not {type(source).__name__}")
        self._title = self.name
        core, pointer = lib.core, self._handle.pointer
        self.inputs: Tuple[TensorInfo, ...] = tuple(
            self.tensor(core.mn_model_input(pointer, i)) for i in range(core.mn_model_input_count(pointer))
        )
        """Facts about its inputs, in order."""
        self.outputs: Tuple[TensorInfo, ...] = tuple(
            self.tensor(core.mn_model_output(pointer, i)) for i in range(core.mn_model_output_count(pointer))
        )
        """Facts about its outputs, in order."""
        self._idle: Dict[int, List[Session]] = {}

    @property
    def tensor_count(self) -> int:
        """How many tensors the file has."""
        count: int = lib.core.mn_model_tensor_count(self.handle.pointer)
        return count

    @property
    def description(self) -> str:
        """The description in the file; "" if there is none."""
        return lib.text(lib.core.mn_model_description(self.handle.pointer))

    def tensor(self, index: int) -> TensorInfo:
        """Facts about a tensor, by its number in the file. Raises ArgumentError if it does not exist."""
        pointer = self.handle.pointer
        return describe(lambda info: lib.core.mn_model_tensor(pointer, index, info), index)

    @property
    def signatures(self) -> "Dict[str, Signature]":
        """The file's names of its inputs and outputs, for each signature, by its key, such as "serving_default"."""
        pointer, found = self.handle.pointer, {}
        for i in range(lib.core.mn_model_signature_count(pointer)):
            info = lib.Signature()
            lib.check(lib.core.mn_model_signature(pointer, i, info))
            found[lib.text(info.key)] = Signature(
                {lib.text(info.input_names[k]): info.inputs[k] for k in range(info.input_count)},
                {lib.text(info.output_names[k]): info.outputs[k] for k in range(info.output_count)},
            )
        return found

    def session(
        self,
        *,
        threads: int = 1,
        batch: int = 1,
        streamed: bool = False,
        keep_tensors: bool = False,
        cpu: Optional[str] = None,
        delegates: Sequence[Delegate] = (),
        full_delegation: bool = False,
        input_shapes: Optional[Mapping[int, Sequence[int]]] = None,
    ) -> "Session":
        """A session of this model; see Session."""
        return Session(
            self,
            threads=threads,
            batch=batch,
            streamed=streamed,
            keep_tensors=keep_tensors,
            cpu=cpu,
            delegates=delegates,
            full_delegation=full_delegation,
            input_shapes=input_shapes,
        )

    def run(self, images: Array) -> Array:
        """Runs a model of one input and one output over as many images as the first dimension of `images`, whose
        other dimensions and type are the input's. Returns a new array [images, ...].

        Any number of threads may call it at the same time; each gets its own session, which is kept for later calls.
        For options, and for models with several inputs or outputs, create a session.

        Raises DataTypeError, ArgumentError (another shape), UnsupportedError (a model that mixes the images of a
        batch)."""
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            raise errors.ArgumentError(
                f"{self.name} has {len(self.inputs)} inputs and {len(self.outputs)} outputs: use session().run_all()"
            )
        images = np.asarray(images)
        batch, wanted = 1, self.inputs[0].shape
        if images.ndim == len(wanted) and wanted[:1] == (1,) and images.shape[0] > 0:
            batch = images.shape[0]
        try:
            session = self._idle.setdefault(batch, []).pop()
        except IndexError:
            session = self.session(batch=batch)
        try:
            return session.run(images)
        finally:
            if self._handle is not None:
                self._idle.setdefault(batch, []).append(session)

    def close(self) -> None:
        """Lets go of the model. Its memory is freed when the last session, classifier or array that uses it is gone."""
        super().close()
        self._idle = {}


class Session(lib.Owner):
    """A model with memory and threads to run it. Python threads that share a session take turns; to run in parallel,
    each needs its own. Running it allocates nothing in the library, and releases the GIL.

    `model`: a Model, or the arguments of one.
    `threads`: 1..256, or ALL_THREADS; results are the same for every number.
    `batch`: images in one run: the first dimension of inputs and outputs, where the model's is 1.
    `input_shapes`: new dimensions by number of input.
    `streamed`: the least memory and more time, row by row.
    `keep_tensors`: every tensor keeps its memory and can be read with tensor() after a run.
    `cpu`: the highest kernel tier, such as "avx2".
    `delegates`: delegates that may take over operators, earlier ones first; `full_delegation`: they must take all.

    Raises ArgumentError, UnsupportedError, LimitError, OutOfMemoryError, ThreadError, BackendError.
    """

    def __init__(
        self,
        model: "Model | lib.PathLike | bytes | bytearray | memoryview",
        *,
        threads: int = 1,
        batch: int = 1,
        streamed: bool = False,
        keep_tensors: bool = False,
        cpu: Optional[str] = None,
        delegates: Sequence[Delegate] = (),
        full_delegation: bool = False,
        input_shapes: Optional[Mapping[int, Sequence[int]]] = None,
    ) -> None:
        self.model = model if isinstance(model, Model) else Model(model)
        self._title = f"the session of {self.model.name}"
        if batch < 1:
            raise errors.ArgumentError(f"a batch of {batch} images cannot be run; it must be at least 1")
        options = session_options(
            threads=threads,
            batch=batch,
            streamed=streamed,
            keep_tensors=keep_tensors,
            cpu=cpu,
            delegates=delegates,
            full_delegation=full_delegation,
            input_shapes=input_shapes,
        )
        below = self.model.handle
        handle = lib.Handle(
            lambda out: lib.core.mn_session_create(below.pointer, options, out),
            lib.core.mn_session_close,
            below,
            *(delegate.handle for delegate in delegates),
        )
        self._handle = handle
        self._lock = threading.Lock()
        self._run = lib.core.mn_session_run
        self.inputs: Tuple[TensorInfo, ...] = tuple(self.tensor_info(t.index) for t in self.model.inputs)
        """Facts about its inputs, with this session's shapes."""
        self.outputs: Tuple[TensorInfo, ...] = tuple(self.tensor_info(t.index) for t in self.model.outputs)
        """Facts about its outputs, with this session's shapes."""
        core, pointer = lib.core, handle.pointer
        self._inputs = [
            view(core.mn_session_input(pointer, i), info, handle, True) for i, info in enumerate(self.inputs)
        ]
        self._outputs = [
            view(core.mn_session_output(pointer, i), info, handle) for i, info in enumerate(self.outputs)
        ]

    @property
    def threads(self) -> int:
        """The number of threads."""
        count: int = lib.core.mn_session_threads(self.handle.pointer)
        return count

    @property
    def arena_bytes(self) -> int:
        """Bytes of its activations and workspaces."""
        size: int = lib.core.mn_session_arena_bytes(self.handle.pointer)
        return size

    def tensor_info(self, index: int) -> TensorInfo:
        """Facts about a tensor, by its number in the file, with this session's shape."""
        pointer = self.handle.pointer
        return describe(lambda info: lib.core.mn_session_tensor(pointer, index, info), index)

    def input(self, number: int = 0) -> Array:
        """The memory of an input, to be filled before each run, which may overwrite it. Lives as long as the array,
        even when the session is closed."""
        return self._at(self._inputs, number, "input")

    def output(self, number: int = 0) -> Array:
        """The memory of an output, not to be written to, until the next run. Lives as long as the array, even when the
        session is closed."""
        return self._at(self._outputs, number, "output")

    def tensor(self, index: int) -> Array:
        """The memory of any tensor, by its number in the file, not to be written to: constants and outputs always, all
        with keep_tensors. Raises ArgumentError for others."""
        handle = self.handle
        return view(lib.core.mn_session_tensor_data(handle.pointer, index), self.tensor_info(index), handle)

    def _at(self, arrays: List[Array], number: int, what: str) -> Array:
        self.handle
        if not 0 <= number < len(arrays):
            raise errors.ArgumentError(f"{self.model.name} has no {what} {number}; it has {len(arrays)}")
        return arrays[number]

    def _fill(self, inputs: Inputs) -> None:
        if isinstance(inputs, np.ndarray):  # by far the most, so first
            values: Iterable[Array] = (inputs,)
        elif isinstance(inputs, Mapping):
            names = [info.name for info in self.inputs]
            if set(names) != set(inputs):
                raise errors.ArgumentError(f"{self.model.name} has the inputs {sorted(names)}, not {sorted(inputs)}")
            values = [inputs[name] for name in names]
        else:
            values = inputs
        checked = [check_array(value, info, "an input") for value, info in zip(values, self.inputs)]
        if len(checked) != len(self.inputs) or len(checked) != len(list(values)):
            raise errors.ArgumentError(f"{self.model.name} has {len(self.inputs)} inputs, not {len(list(values))}")
        self._copy(checked)

    def _copy(self, arrays: Iterable[Array]) -> None:
        for slot, array in zip(self._inputs, arrays):
            if array is not slot:
                slot[...] = array

    def invoke(self) -> None:
        """Runs the model on the contents of input(); read the results from output(). Nothing is copied."""
        with self._lock:
            self._invoke()

    def copy_and_invoke(self, inputs: Sequence[Array]) -> None:
        """Runs the model on copies of `inputs`, one for each and known to fit, for output() to be read."""
        with self._lock:
            self.handle  # or it is closed
            self._copy(inputs)
            self._invoke()

    def _invoke(self) -> None:
        lib.check(self._run(self.handle.pointer))

    def run(self, inputs: Inputs, *, copy: bool = True) -> Array:
        """Runs a model of one output on `inputs`: an array, one for each input, or a mapping from their names.

        Inputs are copied once to the session's memory, whatever their strides, unless an input is the array returned
        by input() and filled in place. The result is a new array, or, with copy=False, the memory of the output,
        which the next run overwrites.

        Raises DataTypeError, ArgumentError (another shape or number of arrays), ClosedError, BackendError."""
        if len(self.outputs) != 1:
            raise errors.ArgumentError(f"{self.model.name} has {len(self.outputs)} outputs: use run_all()")
        return self.run_all(inputs, copy=copy)[0]

    def run_all(self, inputs: Inputs, *, copy: bool = True) -> List[Array]:
        """As run(), for any number of outputs: an array for each."""
        with self._lock:
            self.handle  # or it is closed
            self._fill(inputs)
            self._invoke()
            return [output.copy() for output in self._outputs] if copy else list(self._outputs)

    def close(self) -> None:
        """Lets go of memory and threads, which are freed when the last array over that memory is gone."""
        with self._lock:
            self._handle = None
            self._inputs, self._outputs = [], []
