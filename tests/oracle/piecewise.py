# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""LiteRT's reference kernels for models with operators that they lack, such as ELU: one interpreter for each run of
operators, with the optimised kernels for those alone. Both round differently, so that one resolver for the whole model
would judge every other operator, too, by the optimised ones."""

import itertools
import re

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import tflite_file

REFERENCE, OPTIMISED = OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def lacking(reason):
    """Name and version of the operator that a resolver does not know, of LiteRT's message; or None."""
    found = re.search(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'", str(reason))
    return (found.group(1), int(found.group(2))) if found else None


class Piece:
    """Consecutive operators of a model. Every tensor keeps its index."""

    def __init__(self, content, first, count, resolver):
        model = tflite_file.unpack(content)
        graph = model.subgraphs[0]
        graph.operators = graph.operators[first:first + count]
        used = sorted({o.opcodeIndex for o in graph.operators})  # a resolver must know all of the table
        model.operatorCodes = [model.operatorCodes[i] for i in used]
        for operator in graph.operators:
            operator.opcodeIndex = used.index(operator.opcodeIndex)
        self.outputs = [int(t) for o in graph.operators for t in o.outputs]
        self.inputs = sorted({int(t) for o in graph.operators for t in o.inputs if t >= 0} - set(self.outputs) -
                             {i for i, t in enumerate(graph.tensors) if model.buffers[t.buffer].data is not None})
        graph.inputs, graph.outputs = self.inputs, self.outputs
        model.signatureDefs = []
        self.interpreter = Interpreter(model_content=tflite_file.pack(model), experimental_op_resolver_type=resolver,
                                       num_threads=1)
        self.interpreter.allocate_tensors()

    def run(self, values):
        """Adds the outputs to `values`, contents by the index of the tensor."""
        for index in self.inputs:
            if list(self.interpreter.get_tensor(index).shape) != list(values[index].shape):
                self.interpreter.resize_tensor_input(index, values[index].shape)
                self.interpreter.allocate_tensors()
        for index in self.inputs:
            self.interpreter.set_tensor(index, values[index])
        self.interpreter.invoke()
        values.update({index: self.interpreter.get_tensor(index) for index in self.outputs})


class PiecewiseInterpreter:
    """What the comparisons use of an Interpreter; every tensor is kept. `missing`: an operator, from lacking()."""

    def __init__(self, content, missing):
        self.whole = Interpreter(model_content=content, experimental_op_resolver_type=OPTIMISED, num_threads=1)
        self.whole.allocate_tensors()
        unknown = {missing}
        while True:
            try:
                self.pieces = cut(content, unknown)
                break
            except ValueError as reason:
                missing = lacking(reason)
                if missing is None or missing in unknown:
                    raise
                unknown.add(missing)
        self.values = {}

    def __getattr__(self, name):
        return getattr(self.whole, name)

    def set_tensor(self, index, value):
        self.whole.set_tensor(index, value)  # refuses what does not fit
        self.values[index] = np.array(value)

    def invoke(self):
        for piece in self.pieces:
            piece.run(self.values)

    def get_tensor(self, index):
        return self.values[index] if index in self.values else self.whole.get_tensor(index)


def cut(content, unknown):
    model = tflite_file.unpack(content)
    codes = [(tflite_file.operator_name(c), c.version) for c in model.operatorCodes]
    pieces, first = [], 0
    for is_unknown, run in itertools.groupby(model.subgraphs[0].operators, lambda o: codes[o.opcodeIndex] in unknown):
        count = len(list(run))
        pieces.append(Piece(content, first, count, OPTIMISED if is_unknown else REFERENCE))
        first += count
    return pieces
