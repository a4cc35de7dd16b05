# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Writes small `.tflite` files: tensors, operators, quantisation. Knows no operator's arithmetic.

Uses the schema that ships inside ai-edge-litert, so that the files are what its own tools would write."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "float32": (schema.TensorType.FLOAT32, np.float32),
    "float16": (schema.TensorType.FLOAT16, np.float16),
    "int8": (schema.TensorType.INT8, np.int8),
    "uint8": (schema.TensorType.UINT8, np.uint8),
    "int16": (schema.TensorType.INT16, np.int16),
    "int32": (schema.TensorType.INT32, np.int32),
    "int64": (schema.TensorType.INT64, np.int64),
}

ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}
PADDINGS = {"SAME": 0, "VALID": 1}


NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


def unpack(content):
    """The schema's objects of a file."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def pack(model):
    """The file of the schema's objects."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def operator_name(code):
    """Of an OperatorCodeT; small numbers are in the old field alone in old files."""
    return NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]


class AlignedBuffer(schema.BufferT):
    """Tensor contents aligned to 16 bytes, as the schema's force_align asks; Python's writer does not."""

    def Pack(self, builder):
        data = None
        if self.data is not None:
            raw = bytes(self.data)
            builder.StartVector(1, len(raw), 16)
            builder.head -= len(raw)
            builder.Bytes[builder.head:builder.head + len(raw)] = raw
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class Quant:
    """scale and zero point of a tensor; lists for one per index of `axis`."""

    def __init__(self, scale, zero=0, axis=0):
        self.scale = np.atleast_1d(np.asarray(scale, np.float32))
        self.zero = np.broadcast_to(np.atleast_1d(np.asarray(zero, np.int64)), self.scale.shape)
        self.axis = axis

    def table(self):
        table = schema.QuantizationParametersT()
        table.scale = [float(s) for s in self.scale]
        table.zeroPoint = [int(z) for z in self.zero]
        table.quantizedDimension = self.axis
        return table


class Graph:
    """One subgraph under construction; tensors are known by index."""

    def __init__(self, description="random"):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = description
        self.model.operatorCodes = []
        self.model.buffers = [AlignedBuffer()]
        self.tensors = []
        self.operators = []
        self.codes = {}

    def tensor(self, type_name, shape, quant=None, data=None, name=None):
        """A tensor; `data` (an array) makes it a constant."""
        tensor = schema.TensorT()
        tensor.type = TYPES[type_name][0]
        tensor.shape = [int(d) for d in shape]
        tensor.name = name or "t%d" % len(self.tensors)
        tensor.hasRank = True
        if quant is not None:
            tensor.quantization = quant.table()
        if data is not None:
            buffer = AlignedBuffer()
            buffer.data = np.ascontiguousarray(data, TYPES[type_name][1]).tobytes()
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def shape(self, tensor):
        return list(self.tensors[tensor].shape)

    def operator(self, name, inputs, outputs, version=1, **options):
        """An operator; `options` are the fields of its options table, fused activation and padding as words."""
        code = getattr(schema.BuiltinOperator, name)
        key = (code, version)
        if key not in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = code
            entry.deprecatedBuiltinCode = min(code, 127)
            entry.version = version
            self.codes[key] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(entry)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes[key]
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        table = OPTIONS.get(name)
        if table is not None:
            operator.builtinOptions = getattr(schema, table + "T")()
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            for field, value in options.items():
                if field == "activation":
                    field, value = "fusedActivationFunction", ACTIVATIONS[value]
                elif field == "padding":
                    value = PADDINGS[value]
                if not hasattr(operator.builtinOptions, field):
                    raise ValueError("%s has no option %s" % (name, field))
                setattr(operator.builtinOptions, field, value)
        self.operators.append(operator)

    def bytes(self, inputs, outputs):
        subgraph = schema.SubGraphT()
        subgraph.tensors = self.tensors
        subgraph.operators = self.operators
        subgraph.inputs = list(inputs)
        subgraph.outputs = list(outputs)
        subgraph.name = "main"
        self.model.subgraphs = [subgraph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "PAD": "PadOptions",
    "TRANSPOSE": "TransposeOptions",
    "CONCATENATION": "ConcatenationOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SLICE": "SliceOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "PACK": "PackOptions",
    "UNPACK": "UnpackOptions",
    "TILE": "TileOptions",
    "SHAPE": "ShapeOptions",
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "DIV": "DivOptions",
    "LOG_SOFTMAX": "LogSoftmaxOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "HARD_SWISH": "HardSwishOptions",
    "SQUARE": "SquareOptions",
}
