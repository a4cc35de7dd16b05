# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Runs FOLDER/model.tflite with the reference kernels of tflite-runtime, whose Python runs this, on each of
FOLDER/inputs.npy, and writes the tensors named, outputs of it, to FOLDER/NUMBER.npy."""

import os
import sys

import numpy as np
from tflite_runtime.interpreter import Interpreter, OpResolverType

folder, tensors = sys.argv[1], [int(t) for t in sys.argv[2:]]
interpreter = Interpreter(os.path.join(folder, "model.tflite"),
                          experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
interpreter.allocate_tensors()
results = {t: [] for t in tensors}
for value in np.load(os.path.join(folder, "inputs.npy")):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value[np.newaxis])
    interpreter.invoke()
    for t in tensors:
        results[t].append(interpreter.get_tensor(t).copy())
for t in tensors:
    np.save(os.path.join(folder, "%d.npy" % t), np.stack(results[t]))
