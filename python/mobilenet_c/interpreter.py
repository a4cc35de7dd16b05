# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""TensorFlow Lite's `Interpreter`, with the same names, arguments, dictionaries and kinds of errors.

    from mobilenet_c import Interpreter   # was: from ai_edge_litert.interpreter import Interpreter

README.md lists the differences."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import numpy as np

from . import _library as lib
from . import errors
from .delegates import Delegate
from .model import Model, Session
from .tensors import Array, TensorInfo, check_array

Details = Dict[str, Any]


def load_delegate(library: "lib.PathLike", options: Optional[Mapping[str, Any]] = None) -> Delegate:
    """An external delegate, for Interpreter's `experimental_delegates`. Raises as Delegate, and ValueError."""
    return Delegate(library, options)


def _details(info: TensorInfo) -> Details:
    whole = len(info.scales) == 1
    return {
        "name": info.name,
        "index": info.index,
        "shape": np.array(info.shape, np.int32),
        "shape_signature": np.array(info.shape_signature, np.int32),
        "dtype": info.dtype.type,
        "quantization": (float(info.scales[0]), int(info.zero_points[0])) if whole else (0.0, 0),
        "quantization_parameters": {
            "scales": info.scales,
            "zero_points": info.zero_points,
            "quantized_dimension": info.quantised_dimension,
            "block_size": 0,
        },
        "sparsity_parameters": {},
    }


class Interpreter:
    """Runs a `.tflite` model like TensorFlow Lite's class of this name.

    `model_path` or `model_content`: the file, or its bytes.
    `experimental_delegates`: results of load_delegate() of this package.
    `num_threads`: at least 1; None: 1.
    `experimental_preserve_all_tensors`: get_tensor() reads every tensor after invoke().
    The other arguments select TensorFlow Lite's own kernels and delegates, and have no effect here.

    Raises MissingFileError, FileAccessError, FormatError and UnsupportedError (except for the first two, these are
    ValueErrors), and ArgumentError."""

    def __init__(
        self,
        model_path: "Optional[lib.PathLike]" = None,
        model_content: Optional[bytes] = None,
        experimental_delegates: Optional[Sequence[Delegate]] = None,
        num_threads: Optional[int] = None,
        experimental_op_resolver_type: Any = None,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
    ) -> None:
        if (model_path is None) == (model_content is None):
            raise errors.ArgumentError("give either model_path or model_content")
        if num_threads is not None and not isinstance(num_threads, int):
            raise errors.DataTypeError(f"num_threads is an int, not {type(num_threads).__name__}")
        if num_threads is not None and num_threads < 1:
            raise errors.ArgumentError(f"num_threads is {num_threads}; it must be at least 1")
        self._delegates = list(experimental_delegates or ())
        for delegate in self._delegates:
            if not isinstance(delegate, Delegate):
                raise errors.DataTypeError(
                    f"a delegate of {type(delegate).__module__} belongs to its own interpreter; load it with "
                    "mobilenet_c.load_delegate()"
                )
        self._threads = num_threads or 1
        self._keep = experimental_preserve_all_tensors
        self._model = Model(model_path if model_path is not None else model_content or b"")
        self._numbers = {info.index: i for i, info in enumerate(self._model.inputs)}
        self._output_numbers = {info.index: i for i, info in enumerate(self._model.outputs)}
        self._shapes: Dict[int, Sequence[int]] = {}  # by number of input, those that were resized
        self._session: Optional[Session] = None
        self._values: List[Array] = []  # of inputs, which the session forgets with each run

    def allocate_tensors(self) -> None:
        """Plans the model for the current shapes of its inputs, and fills these with zeros; does nothing if already
        done. Raises ValueError (ArgumentError, UnsupportedError, LimitError), MemoryError, BackendError."""
        if self._session is not None:
            return
        self._session = Session(
            self._model,
            threads=self._threads,
            keep_tensors=self._keep,
            delegates=self._delegates,
            input_shapes=self._shapes,
        )
        self._values = [np.zeros(info.shape, info.dtype) for info in self._session.inputs]

    def _ready(self) -> Session:
        if self._session is None:
            raise errors.ArgumentError("there is no memory yet: call allocate_tensors() first")
        return self._session

    def _info(self, index: int) -> TensorInfo:
        info = self._model.tensor(index)
        if self._session is not None:
            return info.with_shape(self._session.tensor_info(index).shape)
        number = self._numbers.get(index)
        return info.with_shape(tuple(self._shapes[number])) if number in self._shapes else info

    def get_input_details(self) -> List[Details]:
        """One dictionary for each input: name, index, shape, shape_signature, dtype, quantization,
        quantization_parameters (scales, zero_points, quantized_dimension), sparsity_parameters."""
        return [_details(self._info(info.index)) for info in self._model.inputs]

    def get_output_details(self) -> List[Details]:
        """As get_input_details(), for the outputs."""
        return [_details(self._info(info.index)) for info in self._model.outputs]

    def get_tensor_details(self, subgraph_index: int = 0) -> List[Details]:
        """As get_input_details(), for all tensors of the file."""
        self._check_subgraph(subgraph_index)
        return [_details(self._info(i)) for i in range(self._model.tensor_count)]

    @staticmethod
    def _check_subgraph(index: int) -> None:
        if index != 0:
            raise errors.ArgumentError(f"subgraph {index} does not exist; models here have one, 0")

    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], strict: bool = False) -> None:
        """New dimensions for the input whose tensor is `input_index`; allocate_tensors() must follow. `strict`: only
        dimensions of -1 in shape_signature may change. Raises ValueError."""
        number = self._numbers.get(input_index)
        if number is None:
            raise errors.ArgumentError(f"tensor {input_index} is not an input; the inputs are {sorted(self._numbers)}")
        shape = [int(size) for size in tensor_size]
        info = self._info(input_index)
        if strict and (
            len(shape) != len(info.shape)
            or any(a not in (-1, b) for a, b in zip(info.shape_signature, shape))
        ):
            raise errors.ArgumentError(
                f"{info.name} has the shape {list(info.shape_signature)}, of which only -1 may change, and not to {shape}"
            )
        if tuple(shape) == info.shape:
            return
        self._shapes[number] = shape
        self._session, self._values = None, []

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copies an array with the input's type and shape to it; the input keeps it for later invoke() calls. Raises
        ValueError (DataTypeError, ArgumentError)."""
        self._ready()
        number = self._numbers.get(tensor_index)
        if number is None:
            raise errors.ArgumentError(f"tensor {tensor_index} is not an input; the inputs are {sorted(self._numbers)}")
        session = self._ready()
        self._values[number][...] = check_array(value, session.inputs[number], f"input {number}")

    def tensor(self, tensor_index: int) -> Callable[[], Array]:
        """A function that returns the memory of a tensor, without a copy: inputs can be written to, outputs have the
        results of the last invoke(). The array stays valid after the next invoke() or allocate_tensors(), but is
        detached after the latter."""
        return lambda: self._look(tensor_index)

    def _look(self, index: int) -> Array:
        session = self._ready()
        if index in self._numbers:
            return self._values[self._numbers[index]]
        if index in self._output_numbers:
            return session.output(self._output_numbers[index])
        return session.tensor(index)

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> Array:
        """A copy of a tensor: inputs, outputs and constants, and with experimental_preserve_all_tensors all.
        Raises ValueError."""
        self._check_subgraph(subgraph_index)
        value: Array = self._look(tensor_index).copy()
        return value

    def invoke(self) -> None:
        """Runs the model. Releases the GIL. Raises RuntimeError before allocate_tensors(), BackendError."""
        if self._session is None:
            raise errors.NotReadyError("the model is not ready: call allocate_tensors() first")
        self._session.copy_and_invoke(self._values)

    def get_signature_list(self) -> Dict[str, Dict[str, List[str]]]:
        """Names of inputs and outputs by signature: `{"serving_default": {"inputs": [...], "outputs": [...]}}`, in
        alphabetical order."""
        return {
            key: {"inputs": sorted(signature.inputs), "outputs": sorted(signature.outputs)}
            for key, signature in self._model.signatures.items()
        }

    def get_signature_runner(self, signature_key: Optional[str] = None) -> "SignatureRunner":
        """A function of a signature's inputs; None: of the only signature. Raises ValueError."""
        signatures = self._model.signatures
        if signature_key is None:
            if len(signatures) != 1:
                raise errors.ArgumentError(
                    f"{self._model.name} has {len(signatures)} signatures; name one of {sorted(signatures)}"
                )
            signature_key = next(iter(signatures))
        if signature_key not in signatures:
            raise errors.ArgumentError(f"there is no signature {signature_key!r}, but {sorted(signatures)}")
        signature = signatures[signature_key]
        return SignatureRunner(self, signature.inputs, signature.outputs)

    def details_of(self, index: int) -> Details:
        """The dictionary of one tensor, as in get_tensor_details()."""
        return _details(self._info(index))

    def reset_all_variables(self) -> None:
        """Does nothing: no model here has variables."""


class SignatureRunner:
    """Runs a model with inputs and outputs by the names of a signature: `runner(image=array)["probabilities"]`.
    Interpreter.get_signature_runner() makes it."""

    def __init__(self, interpreter: Interpreter, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        self._interpreter, self._inputs, self._outputs = interpreter, dict(inputs), dict(outputs)

    def __call__(self, **arrays: Any) -> Dict[str, Array]:
        """Runs the model on an array for each input, resizing inputs to them, and returns copies of the outputs.
        Raises ValueError."""
        if set(arrays) != set(self._inputs):
            raise errors.ArgumentError(f"the signature has the inputs {sorted(self._inputs)}, not {sorted(arrays)}")
        for name, array in arrays.items():
            self._interpreter.resize_tensor_input(self._inputs[name], np.shape(array))
        self._interpreter.allocate_tensors()
        for name, array in arrays.items():
            self._interpreter.set_tensor(self._inputs[name], array)
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}

    def get_input_details(self) -> Dict[str, Details]:
        """As Interpreter.get_input_details(), by name."""
        return {name: self._interpreter.details_of(index) for name, index in self._inputs.items()}

    def get_output_details(self) -> Dict[str, Details]:
        """As Interpreter.get_output_details(), by name."""
        return {name: self._interpreter.details_of(index) for name, index in self._outputs.items()}
