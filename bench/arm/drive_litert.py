#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""usage: drive_litert.py MODEL xnnpack|delegate|builtin|tflite [THREADS]

One inference of a model between the marks of marks.h, after one to warm up, on the inputs of drive.c: in LiteRT with
XNNPACK, with the delegate that $MOBILENET_DELEGATE names or without either, or in TFLite without. Runs under the emulator,
with the files of scripts/arm-sysroot.sh.
"""
import ctypes
import os
import sys

if sys.argv[2] == "tflite":
    sys.path.insert(0, "/usr/lib/python3/tflite")  # with a NumPy of its time
import numpy as np  # noqa: E402 (needs the path above)

if sys.argv[2] == "tflite":
    from tflite_runtime.interpreter import Interpreter, OpResolverType  # noqa: E402
else:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate  # noqa: E402

MARK, MARK_BEGIN, MARK_END = 0x4D4E4D4E, 1, 2
SYS_GETPRIORITY = 141  # of Linux on 64-bit Arm


def contents(detail):
    """The bytes, or floats in [-1, 1), of drive.c."""
    values = np.empty(int(np.prod(detail["shape"])), np.uint8)
    state = 1
    for i in range(values.size):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        values[i] = state >> 16 & 255
    if detail["dtype"] == np.float32:
        return (values.astype(np.float32) / 128 - 1).reshape(detail["shape"])
    return values.view(detail["dtype"]).reshape(detail["shape"])


def main():
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    if sys.argv[2] == "xnnpack":
        kernels = OpResolverType.AUTO
    delegates = [load_delegate(os.environ["MOBILENET_DELEGATE"])] if sys.argv[2] == "delegate" else []
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    interpreter = Interpreter(sys.argv[1], num_threads=threads, experimental_op_resolver_type=kernels,
                              experimental_delegates=delegates)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    values = contents(detail)
    interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    interpreter.set_tensor(detail["index"], values)
    libc = ctypes.CDLL(None)
    libc.syscall(SYS_GETPRIORITY, MARK, MARK_BEGIN)
    interpreter.invoke()
    libc.syscall(SYS_GETPRIORITY, MARK, MARK_END)
    result = 0
    for byte in interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).tobytes():
        result = (result * 31 + byte) & 0xFFFFFFFF
    print("output %08x" % result)


main()
