# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Whole random networks of MobileNetV2's structure, in float32, int8 and legacy uint8.

The float network is made first and run once in LiteRT; the ranges seen there quantise the same network. Weights are
random: such a network classifies nothing but exercises every operator with realistic scales."""

import numpy as np

import engines
from tflite_file import Graph, Quant

# expansion, output channels, repeats, stride of the first: table 2 of the MobileNetV2 paper (arXiv:1801.04381)
MOBILENET_V2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                (6, 320, 1, 1)]
TINY_V2 = [(1, 8, 1, 1), (4, 12, 2, 2), (4, 16, 2, 2)]


def channels_of(channels, width):
    """Channel counts stay multiples of 8 (of 4 below 16), never under 90 % of the wanted number."""
    unit = 8 if channels * width >= 16 else 4
    wanted = channels * width
    rounded = max(unit, int(wanted + unit / 2) // unit * unit)
    return rounded + unit if rounded < 0.9 * wanted else rounded


class Network:
    """Builds the same network again for each element type: weights come from `seed`, ranges from `ranges`."""

    def __init__(self, kind, seed, ranges=None, batch=1):
        self.kind = kind
        self.rng = np.random.default_rng(seed)
        self.ranges = ranges
        self.batch = batch
        self.graph = Graph("random %s network" % kind)
        self.quants = {}

    def activation(self, name, shape, like=None):
        """A computed tensor; its quantisation covers the float network's range, or is that of tensor `like`."""
        quant = None
        if self.ranges is not None:
            if like is not None:
                quant = self.quants[like]
            else:
                low, high = self.ranges[name]
                low, high = min(low, 0.0), max(high, 1e-3)
                scale = np.float32((high - low) / 255)
                zero = int(np.clip(round(-low / scale), 0, 255)) - (128 if self.kind == "int8" else 0)
                quant = Quant(scale, zero)
        index = self.graph.tensor(self.kind, shape, quant, name=name)
        self.quants[index] = quant
        return index

    def weights(self, shape, axis, fan_in):
        """Constant weights; int8 has one scale per index of `axis`, or a single one when that is None."""
        values = (self.rng.standard_normal(shape) * np.sqrt(2.0 / fan_in)).astype(np.float32)
        if self.ranges is None:
            return self.graph.tensor("float32", shape, None, values), None
        if self.kind == "int8":
            others = tuple(i for i in range(len(shape)) if i != axis)
            quant = Quant(np.abs(values).max(axis=others) / 127, 0, axis or 0)
            view = [1] * len(shape)
            if axis is not None:
                view[axis] = -1
            stored = np.clip(np.round(values / quant.scale.reshape(view)), -127, 127)
        else:
            low, high = float(values.min()), float(values.max())
            quant = Quant((high - low) / 255, 0)
            quant = Quant(quant.scale, int(np.clip(round(-low / float(quant.scale[0])), 0, 255)))
            stored = np.clip(np.round(values / quant.scale[0]) + quant.zero[0], 0, 255)
        return self.graph.tensor(self.kind, shape, quant, stored), quant

    def bias(self, source, channels, quant_w):
        values = (self.rng.standard_normal(channels) * 0.1).astype(np.float32)
        if self.ranges is None:
            return self.graph.tensor("float32", [channels], None, values)
        quant = Quant(self.quants[source].scale[0] * quant_w.scale, 0, 0)
        return self.graph.tensor("int32", [channels], quant, np.round(values / quant.scale))

    def version(self, float_version, int8_version):
        return int8_version if self.kind == "int8" else float_version

    def conv(self, name, source, channels, k=1, stride=1, activation="RELU6"):
        n, h, w, c = self.graph.shape(source)
        weights, quant = self.weights([channels, k, k, c], 0, k * k * c)
        bias = self.bias(source, channels, quant)
        out = self.activation(name, [n, -(-h // stride), -(-w // stride), channels])
        self.graph.operator("CONV_2D", [source, weights, bias], [out], self.version(1, 3), padding="SAME",
                            strideH=stride, strideW=stride, activation=activation)
        return out

    def depthwise(self, name, source, stride):
        n, h, w, c = self.graph.shape(source)
        weights, quant = self.weights([1, 3, 3, c], 3, 9)
        bias = self.bias(source, c, quant)
        out = self.activation(name, [n, -(-h // stride), -(-w // stride), c])
        self.graph.operator("DEPTHWISE_CONV_2D", [source, weights, bias], [out], self.version(1, 3), padding="SAME",
                            strideH=stride, strideW=stride, depthMultiplier=1, activation="RELU6")
        return out

    def block(self, name, source, expansion, channels, stride):
        inner = source
        c = self.graph.shape(source)[3]
        if expansion > 1:
            inner = self.conv(name + "/expand", source, c * expansion)
        inner = self.depthwise(name + "/depthwise", inner, stride)
        out = self.conv(name + "/project", inner, channels, activation="NONE")
        if stride == 1 and c == channels:
            total = self.activation(name + "/add", self.graph.shape(out))
            self.graph.operator("ADD", [source, out], [total], self.version(1, 2), activation="NONE")
            out = total
        return out

    def softmax(self, logits):
        shape = self.graph.shape(logits)
        quant = Quant(1 / 256, -128 if self.kind == "int8" else 0) if self.ranges is not None else None
        out = self.graph.tensor(self.kind, shape, quant, name="probabilities")
        self.graph.operator("SOFTMAX", [logits], [out], self.version(1, 2), beta=1.0)
        return out

    def head_tf2(self, features, classes):
        """MEAN, FULLY_CONNECTED, SOFTMAX."""
        n, _, _, c = self.graph.shape(features)
        pooled = self.activation("pool", [n, c])
        axes = self.graph.tensor("int32", [2], None, [1, 2])
        self.graph.operator("MEAN", [features, axes], [pooled], self.version(1, 2), keepDims=False)
        weights, quant = self.weights([classes, c], None, c)
        bias = self.bias(pooled, classes, quant)
        logits = self.activation("logits", [n, classes])
        self.graph.operator("FULLY_CONNECTED", [pooled, weights, bias], [logits], self.version(1, 4),
                            activation="NONE")
        return self.softmax(logits)

    def head_tf1(self, features, classes):
        """AVERAGE_POOL_2D, 1x1 CONV_2D, SQUEEZE, SOFTMAX."""
        n, h, w, c = self.graph.shape(features)
        pooled = self.activation("pool", [n, 1, 1, c], like=features)
        self.graph.operator("AVERAGE_POOL_2D", [features], [pooled], self.version(1, 2), padding="VALID", strideH=h,
                            strideW=w, filterHeight=h, filterWidth=w, activation="NONE")
        wide = self.conv("logits", pooled, classes, activation="NONE")
        logits = self.activation("squeezed", [n, classes], like=wide)
        self.graph.operator("SQUEEZE", [wide], [logits], 1, squeezeDims=[1, 2])
        return self.softmax(logits)


def build(kind, seed, size, blocks, width=1.0, last=1280, classes=1000, batch=1, head="tf2", ranges=None):
    """The `.tflite` file of one network."""
    net = Network(kind, seed, ranges, batch)
    source = net.activation("input", [batch, size, size, 3])
    x = net.conv("stem", source, channels_of(32, width), 3, 2)
    for i, (expansion, channels, repeats, stride) in enumerate(blocks):
        for r in range(repeats):
            x = net.block("block%d_%d" % (i, r), x, expansion, channels_of(channels, width), stride if r == 0 else 1)
    x = net.conv("last", x, last)
    out = net.head_tf2(x, classes) if head == "tf2" else net.head_tf1(x, classes)
    return net.graph.bytes([source], [out])


def picture(seed, shape):
    """A float picture in [-1, 1] with some structure: blurred noise."""
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    for axis in (1, 2):
        noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 3
    return np.clip(noise, -1, 1)


def stored(value, detail):
    """`value` in the element type and quantisation of the LiteRT tensor `detail`."""
    if detail["dtype"] == np.float32:
        return value.astype(np.float32)
    scale, zero = detail["quantization"]
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(value / scale + zero), limits.min, limits.max).astype(detail["dtype"])


def quantised(kind, seed, size, blocks, **options):
    """The int8 or uint8 network of build(), with ranges from one run of the float network."""
    batch = options.get("batch", 1)
    interpreter = engines.litert(build("float32", seed, size, blocks, **options))
    engines.litert_run(interpreter, [picture(seed, [batch, size, size, 3])])
    ranges = {}
    for detail in interpreter.get_tensor_details():
        value = interpreter.get_tensor(detail["index"])
        if value.size and value.dtype == np.float32:
            ranges[detail["name"]] = (float(value.min()), float(value.max()))
    return build(kind, seed, size, blocks, ranges=ranges, **options)
