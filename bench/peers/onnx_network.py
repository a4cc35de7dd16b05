#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Makes the network of a `.tflite` file for ONNX Runtime: onnx_network.py MODEL.tflite FOLDER [--int8]

Same operators, shapes and weights, written as ONNX in float32. With --int8 ONNX Runtime's own static quantisation makes
the int8 network: unsigned activations, signed weights per channel, calibrated on noise, which is enough to measure its
speed; the input is taken quantised, as the `.tflite` models take it. Prints a JSON object with the file and the
quantisation of its input. Weights of quantised `.tflite` files are converted to float32 first."""

import argparse
import json
import os

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from onnx import helper, numpy_helper
from onnxruntime import quantization

from adapters import picture

OPSET = 17
CALIBRATION_PICTURES = 4
DTYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.INT8: np.int8, schema.TensorType.UINT8: np.uint8,
          schema.TensorType.INT32: np.int32, schema.TensorType.INT64: np.int64,
          schema.TensorType.FLOAT16: np.float16}
CLIPS = {schema.ActivationFunctionType.RELU: (0, None), schema.ActivationFunctionType.RELU_N1_TO_1: (-1, 1),
         schema.ActivationFunctionType.RELU6: (0, 6)}


class Converter:
    """Turns the operators of one subgraph into ONNX nodes; images change from NHWC to NCHW."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.source = schema.ModelT.InitFromPackedBuf(file.read(), 0)
        self.graph = self.source.subgraphs[0]
        self.nodes, self.constants = [], []
        self.names = {}  # of the ONNX values that stand for tensors

    # ---- What the file says ----
    def shape(self, tensor):
        return [int(d) for d in self.graph.tensors[tensor].shape]

    def data(self, index):
        """Contents of a constant tensor as real values; integers that are not quantised stay integers."""
        tensor = self.graph.tensors[index]
        raw = np.frombuffer(bytes(self.source.buffers[tensor.buffer].data), DTYPES[tensor.type]).reshape(tensor.shape)
        quant = tensor.quantization
        if quant is None or quant.scale is None or len(quant.scale) == 0:
            return raw.astype(np.float32) if raw.dtype == np.float16 else raw
        view = [1] * raw.ndim
        if len(quant.scale) > 1:
            view[quant.quantizedDimension] = -1
        scale = np.asarray(quant.scale, np.float32).reshape(view)
        zero = np.asarray(quant.zeroPoint, np.float32).reshape(view)
        return (raw.astype(np.float32) - zero) * scale

    # ---- Writing ----
    def constant(self, value):
        name = "c%d" % len(self.constants)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name="n%d_%s" % (len(self.nodes), kind),
                                           **attributes))
        return output

    def finish(self, op, value, activation):
        """Names `value`, or its fused activation, as the output of `op`."""
        tensor = op.outputs[0]
        if activation in CLIPS:
            low, high = CLIPS[activation]
            limits = [self.constant(np.float32(limit)) if limit is not None else "" for limit in (low, high)]
            value = self.node("Clip", [value] + limits, "t%d" % tensor)
        self.names[tensor] = value

    @staticmethod
    def pads(padding, size, out, kernel, stride, dilation):
        """Begin and end of one dimension, as TensorFlow's SAME pads: what is odd goes to the end."""
        if padding == schema.Padding.VALID:
            return 0, 0
        total = max((out - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        return total // 2, total - total // 2

    def window(self, op, kernel, dilations=(1, 1)):
        """ONNX attributes of a sliding window."""
        options = op.builtinOptions
        strides = (options.strideH, options.strideW)
        source, target = self.shape(op.inputs[0]), self.shape(op.outputs[0])
        sides = [self.pads(options.padding, source[i + 1], target[i + 1], kernel[i], strides[i], dilations[i])
                 for i in (0, 1)]
        return {"kernel_shape": list(kernel), "strides": list(strides),
                "pads": [sides[0][0], sides[1][0], sides[0][1], sides[1][1]]}

    # ---- Operators ----
    def convolution(self, op, weights, groups):
        options = op.builtinOptions
        dilations = (options.dilationHFactor, options.dilationWFactor)
        attributes = self.window(op, weights.shape[2:], dilations)
        inputs = [self.names[op.inputs[0]], self.constant(weights), self.constant(self.data(op.inputs[2]))]
        value = self.node("Conv", inputs, "x%d" % op.outputs[0], group=groups, dilations=list(dilations),
                          **attributes)
        self.finish(op, value, options.fusedActivationFunction)

    def conv_2d(self, op):
        self.convolution(op, self.data(op.inputs[1]).transpose(0, 3, 1, 2), 1)

    def depthwise_conv_2d(self, op):
        self.convolution(op, self.data(op.inputs[1]).transpose(3, 0, 1, 2), self.shape(op.inputs[0])[3])

    def add(self, op):
        value = self.node("Add", [self.names[i] for i in op.inputs], "x%d" % op.outputs[0])
        self.finish(op, value, op.builtinOptions.fusedActivationFunction)

    def average_pool_2d(self, op):
        options = op.builtinOptions
        kernel = (options.filterHeight, options.filterWidth)
        value = self.node("AveragePool", [self.names[op.inputs[0]]], "x%d" % op.outputs[0], **self.window(op, kernel))
        self.finish(op, value, options.fusedActivationFunction)

    def mean(self, op):
        """Over rows and columns, the only mean in these networks."""
        if sorted(int(a) for a in self.data(op.inputs[1])) != [1, 2]:
            raise ValueError("MEAN over other axes than rows and columns is not converted")
        value = self.node("GlobalAveragePool", [self.names[op.inputs[0]]], "x%d" % op.outputs[0])
        if not op.builtinOptions.keepDims:
            value = self.node("Flatten", [value], "f%d" % op.outputs[0])
        self.names[op.outputs[0]] = value

    def fully_connected(self, op):
        weights = self.constant(self.data(op.inputs[1]))
        bias = self.constant(self.data(op.inputs[2]))
        value = self.node("Gemm", [self.names[op.inputs[0]], weights, bias], "x%d" % op.outputs[0], transB=1)
        self.finish(op, value, op.builtinOptions.fusedActivationFunction)

    def reshape(self, op):
        """Of one pixel to a vector, or back: the order of elements is the same in both layouts."""
        source, target = self.shape(op.inputs[0]), self.shape(op.outputs[0])
        if max(source) != int(np.prod(source)):
            raise ValueError("a reshape of more than one pixel is not converted")
        if len(target) == 4:
            target = [target[0], target[3], target[1], target[2]]
        shape = self.constant(np.asarray(target, np.int64))
        self.names[op.outputs[0]] = self.node("Reshape", [self.names[op.inputs[0]], shape], "x%d" % op.outputs[0])

    def softmax(self, op):
        self.names[op.outputs[0]] = self.node("Softmax", [self.names[op.inputs[0]]], "x%d" % op.outputs[0], axis=-1)

    def same(self, op):
        """QUANTIZE and DEQUANTIZE mean nothing in real numbers."""
        self.names[op.outputs[0]] = self.names[op.inputs[0]]

    HANDLERS = {"CONV_2D": conv_2d, "DEPTHWISE_CONV_2D": depthwise_conv_2d, "ADD": add, "MEAN": mean,
                "AVERAGE_POOL_2D": average_pool_2d, "FULLY_CONNECTED": fully_connected, "RESHAPE": reshape,
                "SQUEEZE": reshape, "SOFTMAX": softmax, "QUANTIZE": same, "DEQUANTIZE": same}

    def convert(self):
        """The ONNX model."""
        words = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
        source, target = self.graph.inputs[0], self.graph.outputs[0]
        batch, height, width, channels = self.shape(source)
        self.names[source] = "input"
        for op in self.graph.operators:
            code = self.source.operatorCodes[op.opcodeIndex]
            name = words[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name not in self.HANDLERS:
                raise ValueError("%s is not converted" % name)
            self.HANDLERS[name](self, op)
        kind = onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes, "network", [helper.make_tensor_value_info("input", kind, [batch, channels, height, width])],
            [helper.make_tensor_value_info(self.names[target], kind, self.shape(target))], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model)


class Noise(quantization.CalibrationDataReader):
    """Pictures to calibrate on, as large as the model's input."""

    def __init__(self, model):
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        value = picture([shape[0], shape[2], shape[3], shape[1]]).transpose(0, 3, 1, 2)
        self.values = iter([{"input": np.ascontiguousarray(np.roll(value, i, 3))} for i in range(CALIBRATION_PICTURES)])

    def get_next(self):
        return next(self.values, None)


def open_input(model):
    """Takes the first QuantizeLinear away, so that the input comes quantised; its scale and zero point."""
    first = next(node for node in model.graph.node if node.input and node.input[0] == "input")
    if first.op_type != "QuantizeLinear":
        raise ValueError("the quantised network does not begin with QuantizeLinear but with " + first.op_type)
    values = {c.name: numpy_helper.to_array(c) for c in model.graph.initializer}
    scale, zero = float(values[first.input[1]]), int(values[first.input[2]])
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name == first.output[0]:
                node.input[i] = "input"
    model.graph.node.remove(first)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.UINT8
    return [scale, zero]


def quantise(float_path, path, model):
    quantization.quantize_static(
        float_path, path, Noise(model), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    made = onnx.load(path)
    quant = open_input(made)
    onnx.checker.check_model(made)
    onnx.save(made, path)
    return quant


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--int8", action="store_true", help="quantise")
    arguments = parser.parse_args()
    stem = os.path.join(arguments.folder, os.path.splitext(os.path.basename(arguments.model))[0])
    model = Converter(arguments.model).convert()
    facts = {"onnx": stem + ".float32.onnx"}
    onnx.save(model, facts["onnx"])
    if arguments.int8:
        facts = {"onnx": stem + ".int8.onnx",
                 "onnx_input_quant": quantise(facts["onnx"], stem + ".int8.onnx", model)}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
