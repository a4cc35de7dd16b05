# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""This library through its public interface. Needs NumPy alone."""

import ctypes
import os

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOM_RANK = 8
DTYPES = [None, np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64, np.int16]


class _Quant(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int32), ("axis", ctypes.c_int32), ("scale", ctypes.POINTER(ctypes.c_float)),
                ("zero_point", ctypes.POINTER(ctypes.c_int32))]


class _TensorInfo(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_uint32), ("type", ctypes.c_int), ("name", ctypes.c_char_p),
                ("rank", ctypes.c_int32), ("dims", ctypes.c_int32 * ROOM_RANK), ("bytes", ctypes.c_size_t), ("quant", _Quant),
                ("data", ctypes.c_void_p)]


class _InputShape(ctypes.Structure):
    _fields_ = [("input", ctypes.c_int32), ("rank", ctypes.c_int32), ("dims", ctypes.c_int32 * ROOM_RANK)]


class _Options(ctypes.Structure):
    _fields_ = [("struct_bytes", ctypes.c_uint32), ("threads", ctypes.c_int32), ("arena", ctypes.c_void_p),
                ("arena_bytes", ctypes.c_size_t), ("keep_tensors", ctypes.c_int32), ("cpu", ctypes.c_char_p),
                ("input_shapes", ctypes.POINTER(_InputShape)), ("input_shape_count", ctypes.c_int32),
                ("batch", ctypes.c_int32)]


class Refused(Exception):
    """The library said no, with its sentence."""


def library(path=None):
    """libmobilenet.so: `path`, else $MOBILENET_LIBRARY, else the one in build/."""
    path = path or os.environ.get("MOBILENET_LIBRARY") or os.path.join(ROOT, "build", "libmobilenet.so")
    lib = ctypes.CDLL(path)
    pointer, text, integer = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32
    for name, result, arguments in [
        ("mn_version", text, []),
        ("mn_error_detail", text, []),
        ("mn_cpu_tier", text, [integer]),
        ("mn_model_open", ctypes.c_int, [text, ctypes.POINTER(pointer)]),
        ("mn_model_from_memory", ctypes.c_int, [pointer, ctypes.c_size_t, text, ctypes.POINTER(pointer)]),
        ("mn_model_close", None, [ctypes.POINTER(pointer)]),
        ("mn_model_input_count", integer, [pointer]),
        ("mn_model_output_count", integer, [pointer]),
        ("mn_model_tensor_count", integer, [pointer]),
        ("mn_model_input", integer, [pointer, integer]),
        ("mn_model_output", integer, [pointer, integer]),
        ("mn_session_create", ctypes.c_int, [pointer, ctypes.POINTER(_Options), ctypes.POINTER(pointer)]),
        ("mn_session_close", None, [ctypes.POINTER(pointer)]),
        ("mn_session_run", ctypes.c_int, [pointer]),
        ("mn_session_input", pointer, [pointer, integer]),
        ("mn_session_output", pointer, [pointer, integer]),
        ("mn_session_tensor_data", pointer, [pointer, integer]),
        ("mn_session_tensor", ctypes.c_int, [pointer, integer, ctypes.POINTER(_TensorInfo)]),
    ]:
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    return lib


def tiers(lib):
    """Names of the kernel tiers, slowest first."""
    names = []
    while lib.mn_cpu_tier(len(names)) is not None:
        names.append(lib.mn_cpu_tier(len(names)).decode())
    return names


class Model:
    """A model of this library; `data` is the file's contents, or None to open the file at `path`."""

    def __init__(self, lib, data, path=None):
        self.lib = lib
        self.handle = ctypes.c_void_p()
        if data is None:
            self.check(lib.mn_model_open(os.fsencode(path), ctypes.byref(self.handle)))
            return
        # 64 spare bytes let the copy start at an aligned address, as mn_model_from_memory asks.
        self.memory = np.zeros(len(data) + 64, np.uint8)
        start = -self.memory.ctypes.data % 64
        self.memory[start:start + len(data)] = np.frombuffer(data, np.uint8)
        self.check(lib.mn_model_from_memory(self.memory.ctypes.data + start, len(data), b"model",
                                            ctypes.byref(self.handle)))

    def check(self, status):
        if status != 0:
            raise Refused((self.lib.mn_error_detail() or b"").decode())

    def input(self, i):
        """Index of the tensor that is input `i`."""
        return self.lib.mn_model_input(self.handle, i)

    def output(self, i):
        """Index of the tensor that is output `i`."""
        return self.lib.mn_model_output(self.handle, i)

    def close(self):
        self.lib.mn_model_close(ctypes.byref(self.handle))


class Session:
    """A session of `model` on kernels of at most `tier`."""

    def __init__(self, model, tier=None, threads=1, keep_tensors=False):
        self.model = model
        self.lib = model.lib
        options = _Options(struct_bytes=ctypes.sizeof(_Options))
        options.threads = threads
        options.keep_tensors = keep_tensors
        options.cpu = tier.encode() if tier else None
        self.handle = ctypes.c_void_p()
        model.check(self.lib.mn_session_create(model.handle, ctypes.byref(options), ctypes.byref(self.handle)))

    def set_input(self, i, value):
        value = np.ascontiguousarray(value)
        ctypes.memmove(self.lib.mn_session_input(self.handle, i), value.ctypes.data, value.nbytes)

    def invoke(self):
        self.model.check(self.lib.mn_session_run(self.handle))

    def run(self, inputs):
        """Outputs of one run, in model order."""
        for i, value in enumerate(inputs):
            self.set_input(i, value)
        self.invoke()
        return self.outputs()

    def outputs(self):
        """Outputs of the last run, in model order."""
        return [self._array(self.model.output(i), self.lib.mn_session_output(self.handle, i))
                for i in range(self.lib.mn_model_output_count(self.model.handle))]

    def computed(self):
        """Indices of the tensors that a run writes, and of the inputs."""
        count = self.lib.mn_model_tensor_count(self.model.handle)
        return [i for i in range(count) if not self.info(i).data]

    def tensor(self, index):
        """Contents of tensor `index`, in a session that keeps them."""
        return self._array(index, self.lib.mn_session_tensor_data(self.handle, index))

    def info(self, index):
        """Facts about tensor `index` with the dimensions of this session."""
        info = _TensorInfo(struct_bytes=ctypes.sizeof(_TensorInfo))
        self.model.check(self.lib.mn_session_tensor(self.handle, index, ctypes.byref(info)))
        return info

    def _array(self, index, address):
        info = self.info(index)
        raw = ctypes.string_at(address, info.bytes)
        return np.frombuffer(raw, DTYPES[info.type]).reshape(info.dims[:info.rank])

    def close(self):
        self.lib.mn_session_close(ctypes.byref(self.handle))
