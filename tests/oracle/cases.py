# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Random models of one operator, and of a few that engines like to fuse. Each maker takes a numpy generator and
an element type and returns a Case; `tiny` keeps shapes small enough for vectors that live in the repository."""

import numpy as np

from tflite_file import TYPES, Graph, Quant

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
# Of operators in quantised types, where it is not 1.
VERSIONS = {"CONV_2D": {"int8": 3, "int16": 8}, "DEPTHWISE_CONV_2D": {"int8": 3, "int16": 5}}
FUSED = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


class Case:
    def __init__(self, model, inputs, exact=False):
        self.model = model
        self.inputs = inputs
        self.exact = exact  # float results must have the same bits


class Dice:
    """Random choices, biased towards the corners."""

    def __init__(self, rng, tiny=False):
        self.rng = rng
        self.tiny = tiny

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return items[int(self.rng.integers(len(items)))]

    def size(self, low, high):
        """low..high, small values more often; tiny: at most low + 4."""
        if self.tiny:
            high = min(high, low + 4)
        return int(min(self.rng.integers(low, high + 1), self.rng.integers(low, high + 1)))

    def log(self, low, high):
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def zero(self, kind):
        if kind == "int16":
            return 0
        low, high = RANGES[kind]
        return int(self.pick([low, high, (low + high + 1) // 2] + [self.rng.integers(low, high + 1)] * 3))

    def quant(self, kind, wild=0.1):
        """Quantisation of an activation; None for float."""
        if kind not in RANGES:
            return None
        scale = self.log(1e-6, 1e3) if self.chance(wild) else self.log(2e-3, 0.5)
        return Quant(scale, self.zero(kind))

    def values(self, kind, shape):
        """Contents: mostly uniform, sometimes only the ends of the range."""
        if kind not in RANGES:
            values = (self.rng.standard_normal(shape) * self.log(0.1, 10)).astype(TYPES[kind][1])
            if self.chance(0.05):
                values.flat[self.rng.integers(values.size)] = self.pick([np.inf, -np.inf, np.nan, 6e4, 1e-7])
            return values
        low, high = RANGES[kind]
        if self.chance(0.15):
            return self.rng.choice(np.array([low, high]), shape).astype(TYPES[kind][1])
        return self.rng.integers(low, high + 1, shape).astype(TYPES[kind][1])

    def image(self, largest=13, channels=24):
        """NHWC shape: odd sizes, 1x1 and batches above 1 included."""
        if self.chance(0.1):
            height = width = 1
        else:
            height, width = self.size(1, largest), self.size(1, largest)
        return [self.pick([1, 1, 1, 2, 3]), height, width, self.size(1, channels)]

    def shape(self, rank, largest=9):
        return [self.size(1, largest) for _ in range(rank)]


def window(image, filter_hw, stride, dilation, padding):
    """Output height and width of a sliding window; None when nothing is left."""
    out = []
    for size, k, s, d in zip(image[1:3], filter_hw, stride, dilation):
        reach = (k - 1) * d + 1
        length = (size + s - 1) // s if padding == "SAME" else (size - reach) // s + 1
        if length < 1:
            return None
        out.append(length)
    return out


def weights(dice, graph, kind, shape, axis, quant_in, scheme=None):
    """Constant weights, and their quantisation; int8 ones for int16 activations."""
    if kind == "int16":
        kind = "int8"
    if kind == "float32":
        values = (dice.rng.standard_normal(shape) * 0.3).astype(np.float32)
        return graph.tensor(kind, shape, None, values), None
    if kind == "uint8":
        quant = Quant(dice.log(1e-3, 0.1), dice.zero(kind))
        return graph.tensor(kind, shape, quant, dice.values(kind, shape)), quant
    channels = shape[axis]
    base = dice.log(1e-3, 0.1)
    if scheme == "tensor":
        quant = Quant(base, 0)
    else:
        scales = base * np.exp(dice.rng.uniform(-2, 2, channels))
        if dice.chance(0.1):
            scales[dice.rng.integers(channels)] *= dice.pick([1e-9, 1e-5, 50])
        quant = Quant(scales, 0, axis)
    values = dice.rng.integers(-127, 128, shape)
    if dice.chance(0.2):
        values = dice.rng.choice(np.array([-127, 127]), shape)
    elif dice.chance(0.1):
        values = np.full(shape, dice.pick([-128, 127]))
    return graph.tensor(kind, shape, quant, values), quant


def bias(dice, graph, kind, channels, quant_in, quant_w, left_out, narrow=False):
    """The list to append to an operator's inputs: a constant bias at input scale x weight scale, or one of the
    `left_out` forms (LiteRT's reference refuses a missing bias in CONV_2D, and -1 in both convolutions). `narrow`: of
    32 bits beside int16, too."""
    if left_out and dice.chance(0.15):
        return dice.pick(left_out)
    if kind == "float32":
        return [graph.tensor(kind, [channels], None, dice.rng.standard_normal(channels))]
    reach = dice.pick([100, 5000, 50000, 1 << 24])
    quant = Quant(quant_in.scale[0] * quant_w.scale, 0, 0)
    if kind == "int16":
        kind = "int32" if narrow else "int64"
        return [graph.tensor(kind, [channels], quant, dice.rng.integers(-64 * reach, 64 * reach + 1, channels))]
    return [graph.tensor("int32", [channels], quant, dice.rng.integers(-reach, reach + 1, channels))]


def accumulator_quant(dice, kind, quant_in, quant_w, depth, overflow=False):
    """Output quantisation for sums of `depth` products: usually fills the range, at times far off. `overflow`: even
    so far that requantisation wraps, which the convolutions define."""
    if kind == "float32":
        return None
    deviation = np.sqrt(depth) * 5500
    if kind == "int16":
        ratio = dice.pick([1e-9, 1e-4, 0.6, 1.0]) if dice.chance(0.1) else dice.log(8, 250) / deviation
        return Quant(float(quant_in.scale[0]) * float(np.median(quant_w.scale)) / ratio, 0)
    if dice.chance(0.1):
        # The requantisation multiplier: one that vanishes, around 1, and so large that accumulators overflow.
        ratio = dice.pick([1e-12, 1e-7, 1e-4, 0.6, 0.999999, 1.0, 3.0] + ([1e3, 1e6] if overflow else []))
    else:
        ratio = dice.log(8, 250) / deviation
    return Quant(float(quant_in.scale[0]) * float(np.median(quant_w.scale)) / ratio, dice.zero(kind))


def conv_geometry(dice, image):
    for _ in range(100):
        padding = dice.pick(["SAME", "VALID"])
        filter_hw = dice.pick([[1, 1], [3, 3], [3, 3], [dice.size(1, 5), dice.size(1, 5)]])
        stride = dice.pick([[1, 1], [2, 2], [dice.size(1, 4), dice.size(1, 4)]])
        dilation = dice.pick([[1, 1], [1, 1], [1, 1], [dice.size(1, 3), dice.size(1, 3)]])
        out = window(image, filter_hw, stride, dilation, padding)
        if out is not None:
            break
    else:
        filter_hw, stride, dilation, out = [1, 1], [1, 1], [1, 1], image[1:3]
    options = {"padding": padding, "strideH": stride[0], "strideW": stride[1], "dilationHFactor": dilation[0],
               "dilationWFactor": dilation[1]}
    return filter_hw, out, options


def add_conv(dice, graph, kind, source, quant_in, activation=None, geometry=None, out_channels=None, scheme=None,
             groups=1, overflow=False):
    """A CONV_2D after tensor `source`; its output tensor and quantisation."""
    image = graph.shape(source)
    filter_hw, out, options = geometry or conv_geometry(dice, image)
    channels = out_channels or groups * dice.size(1, 24 if groups == 1 else 6)
    shape = [channels] + filter_hw + [image[3] // groups]
    w, quant_w = weights(dice, graph, kind, shape, 0, quant_in, scheme)
    narrow = kind == "int16" and dice.chance(0.3)
    b = bias(dice, graph, kind, channels, quant_in, quant_w, [[], [-1]] if dice.chance(0.1) else None, narrow)
    quant = accumulator_quant(dice, kind, quant_in, quant_w, int(np.prod(shape[1:])), overflow)
    result = graph.tensor(kind, [image[0]] + out + [channels], quant)
    if kind == "int16":
        options = dict(options, quantizedBiasType=TYPES["int32" if narrow else "int64"][0])
    graph.operator("CONV_2D", [source, w] + b, [result], VERSIONS["CONV_2D"].get(kind, 1),
                   activation=activation or dice.pick(FUSED), **options)
    return result, quant


def add_depthwise(dice, graph, kind, source, quant_in, activation=None, geometry=None, multiplier=None, scheme=None,
                  overflow=False):
    image = graph.shape(source)
    filter_hw, out, options = geometry or conv_geometry(dice, image)
    multiplier = multiplier or dice.pick([1, 1, 1, 2, dice.size(1, 8)])
    channels = image[3] * multiplier
    shape = [1] + filter_hw + [channels]
    w, quant_w = weights(dice, graph, kind, shape, 3, quant_in, scheme)
    b = bias(dice, graph, kind, channels, quant_in, quant_w, [[]])
    quant = accumulator_quant(dice, kind, quant_in, quant_w, filter_hw[0] * filter_hw[1], overflow)
    result = graph.tensor(kind, [image[0]] + out + [channels], quant)
    graph.operator("DEPTHWISE_CONV_2D", [source, w] + b, [result], VERSIONS["DEPTHWISE_CONV_2D"].get(kind, 2),
                   activation=activation or dice.pick(FUSED), depthMultiplier=multiplier, **options)
    return result, quant


def hybrid_weights(dice, graph, shape, axis, schemes, kind="int8"):
    """int8 weights beside float activations; `kind` uint8 for the files of old converters, whose bytes are signed."""
    base = dice.log(1e-3, 0.1)
    if dice.pick(schemes) == "tensor":
        quant = Quant(base, 0)
    else:
        quant = Quant(base * np.exp(dice.rng.uniform(-2, 2, shape[axis])), 0, axis)
    values = dice.rng.integers(-127, 128, shape).astype(np.int8)
    return graph.tensor(kind, shape, quant, values.view(np.uint8) if kind == "uint8" else values)


def hybrid_conv(dice, kind):
    """`kind` is the weights' type."""
    graph, source, _ = start(dice, "float32", dice.image())
    image = graph.shape(source)
    filter_hw, out, options = conv_geometry(dice, image)
    channels = dice.size(1, 24)
    w = hybrid_weights(dice, graph, [channels] + filter_hw + [image[3]], 0,
                       ["channel", "tensor"] if kind == "int8" else ["tensor"], kind)
    b = bias(dice, graph, "float32", channels, None, None, None)
    result = graph.tensor("float32", [image[0]] + out + [channels])
    graph.operator("CONV_2D", [source, w] + b, [result], 5 if kind == "int8" else 2, activation=dice.pick(FUSED),
                   **options)
    return hybrid_finish(dice, graph, source, result)


def hybrid_depthwise(dice, kind):
    graph, source, _ = start(dice, "float32", dice.image())
    image = graph.shape(source)
    filter_hw, out, options = conv_geometry(dice, image)
    multiplier = dice.pick([1, 1, 1, 2, dice.size(1, 8)])
    channels = image[3] * multiplier
    w = hybrid_weights(dice, graph, [1] + filter_hw + [channels], 3, ["channel"])
    b = bias(dice, graph, "float32", channels, None, None, None)
    result = graph.tensor("float32", [image[0]] + out + [channels])
    graph.operator("DEPTHWISE_CONV_2D", [source, w] + b, [result], 6, activation=dice.pick(FUSED),
                   depthMultiplier=multiplier, **options)
    return hybrid_finish(dice, graph, source, result)


def hybrid_fully_connected(dice, kind):
    depth, channels = dice.size(1, 70), dice.size(1, 40)
    graph, source, _ = start(dice, "float32", [dice.size(1, 4), depth])
    w = hybrid_weights(dice, graph, [channels, depth], 0, ["channel", "tensor"] if kind == "int8" else ["tensor"], kind)
    b = bias(dice, graph, "float32", channels, None, None, [[], [-1]])
    result = graph.tensor("float32", [graph.shape(source)[0], channels])
    graph.operator("FULLY_CONNECTED", [source, w] + b, [result], 9 if kind == "int8" else 3,
                   activation=dice.pick(FUSED), asymmetricQuantizeInputs=dice.chance(0.5))
    return hybrid_finish(dice, graph, source, result)


def hybrid_finish(dice, graph, source, result):
    """Finite inputs, at times all zero or of one sign: the range is found at run time."""
    shape = graph.shape(source)
    values = (dice.rng.standard_normal(shape) * dice.log(1e-3, 1e3)).astype(np.float32)
    if dice.chance(0.1):
        values[:] = 0
    elif dice.chance(0.3):
        values = np.abs(values) * dice.pick([1, -1])
    return Case(graph.bytes([source], [result]), [values], exact=True)


def start(dice, kind, shape, wild=0.1):
    """A graph with one input."""
    graph = Graph()
    quant = dice.quant(kind, wild)
    return graph, graph.tensor(kind, shape, quant), quant


def finish(dice, graph, sources, outputs, kind):
    inputs = [dice.values(kind, graph.shape(s)) for s in sources]
    return Case(graph.bytes(sources, outputs), inputs)


def conv(dice, kind):
    groups = dice.pick([1] * 9 + [2, 3])
    image = dice.image()
    image[3] *= groups
    graph, source, quant = start(dice, kind, image)
    scheme = dice.pick(["channel", "channel", "tensor"])
    result, _ = add_conv(dice, graph, kind, source, quant, scheme=scheme, groups=groups, overflow=True)
    return finish(dice, graph, [source], [result], kind)


def depthwise(dice, kind):
    graph, source, quant = start(dice, kind, dice.image())
    scheme = dice.pick(["channel", "channel", "tensor"])
    result, _ = add_depthwise(dice, graph, kind, source, quant, scheme=scheme, overflow=True)
    return finish(dice, graph, [source], [result], kind)


def broadcast_shapes(dice):
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4, 4, 5]), 7)
    other = list(shape)
    if dice.chance(0.5):
        first, second = list(shape), list(shape)
        for i in range(len(shape)):
            side = dice.pick(["none", "first", "second"])
            if side == "first":
                first[i] = 1
            elif side == "second":
                second[i] = 1
        cut = dice.size(0, len(shape) - 1) if dice.chance(0.4) else 0
        if dice.chance(0.5):
            first = first[cut:]
        else:
            second = second[cut:]
        shape, other = first, second
    out = list(np.broadcast_shapes(tuple(shape), tuple(other)))
    return shape, other, out


def binary(name):
    def make(dice, kind):
        first, second, out = broadcast_shapes(dice)
        graph = Graph()
        quants = [dice.quant(kind, 0), dice.quant(kind, 0)]
        quant_out = None
        if kind in RANGES:
            a, b = float(quants[0].scale[0]), float(quants[1].scale[0])
            if name == "MUL":
                ratio = dice.log(1e-5, 1e9) if dice.chance(0.1) else dice.log(0.5, 1e5 if kind == "int16" else 400)
                quant_out = Quant(a * b * ratio, dice.zero(kind))
            else:
                # The reference needs output scale > 2 max(a, b) / 2^20.
                quant_out = Quant(max(a, b) * (dice.log(1e-4, 1e4) if dice.chance(0.15) else dice.log(0.3, 4)),
                                  dice.zero(kind))
        sources = []
        tensors = []
        for shape, quant in zip([first, second], quants):
            constant = len(tensors) == 1 and dice.chance(0.3)
            data = dice.values(kind, shape) if constant else None
            tensors.append(graph.tensor(kind, shape, quant, data))
            if not constant:
                sources.append(tensors[-1])
        if dice.chance(0.2):
            tensors.reverse()
        result = graph.tensor(kind, out, quant_out)
        options = {"potScaleInt16": False} if kind == "int16" and name != "MUL" else {}
        graph.operator(name, tensors, [result], 2 if kind == "int8" else 1, activation=dice.pick(FUSED), **options)
        return finish(dice, graph, sources, [result], kind)
    return make


def pool(name):
    def make(dice, kind):
        image = dice.image(17, 20)
        graph, source, quant = start(dice, kind, image)
        filter_hw, out, options = conv_geometry(dice, image)
        if dice.chance(0.25):
            filter_hw, out = image[1:3], [1, 1]
            options.update(padding="VALID", strideH=1, strideW=1)
        else:
            out = window(image, filter_hw, [options["strideH"], options["strideW"]], [1, 1], options["padding"])
        for unused in ["dilationHFactor", "dilationWFactor"]:
            del options[unused]
        result = graph.tensor(kind, [image[0]] + out + [image[3]], quant)
        graph.operator(name, [source], [result], 2 if kind == "int8" else 1, filterHeight=filter_hw[0],
                       filterWidth=filter_hw[1], activation=dice.pick(FUSED), **options)
        return finish(dice, graph, [source], [result], kind)
    return make


def mean(dice, kind):
    rank = dice.pick([1, 2, 3, 4, 4, 4])
    shape = dice.image(15, 20) if rank == 4 else dice.shape(rank, 12)
    graph, source, quant = start(dice, kind, shape)
    if rank == 4 and dice.chance(0.5):
        axes = dice.pick([[1, 2], [2, 1]])
    else:
        axes = [int(a) for a in dice.rng.permutation(rank)[:dice.size(1, rank)]]
    keep = dice.chance(0.5)
    out = [1 if i in axes else d for i, d in enumerate(shape)]
    if not keep:
        out = [d for i, d in enumerate(shape) if i not in axes]
    written = [a - rank if dice.chance(0.2) else a for a in axes]
    quant_out = quant
    if kind in RANGES and dice.chance(0.6):
        quant_out = Quant(float(quant.scale[0]) * (dice.log(1e-6, 1e9) if dice.chance(0.1) else dice.log(0.2, 2)),
                          dice.zero(kind))
    axis = graph.tensor("int32", [len(axes)], None, written)
    result = graph.tensor(kind, out, quant_out)
    graph.operator("MEAN", [source, axis], [result], 2 if kind == "int8" else 1, keepDims=keep)
    return finish(dice, graph, [source], [result], kind)


def fully_connected(dice, kind):
    depth, channels = dice.size(1, 70), dice.size(1, 40)
    rank = dice.pick([2, 2, 3, 4])
    keep = rank > 2 and dice.chance(0.5)
    shape = dice.shape(rank - 1, 4) + [depth]
    graph, source, quant = start(dice, kind, shape)
    if not keep and rank > 2 and dice.chance(0.3):
        # The last dimension need not be the weights' depth: the input is seen as rows of it.
        shape = [shape[0], 1, 1, depth]
        graph, source, quant = start(dice, kind, shape)
    w, quant_w = weights(dice, graph, kind, [channels, depth], 0, quant, dice.pick(["channel", "tensor", "tensor"]))
    narrow = kind == "int16" and dice.chance(0.3)
    b = bias(dice, graph, kind, channels, quant, quant_w, [[], [-1]], narrow)
    quant_out = accumulator_quant(dice, kind, quant, quant_w, depth)
    out = (shape[:-1] if keep else [int(np.prod(shape[:-1]))]) + [channels]
    result = graph.tensor(kind, out, quant_out)
    options = {"quantizedBiasType": TYPES["int32" if narrow else "int64"][0]} if kind == "int16" else {}
    graph.operator("FULLY_CONNECTED", [source, w] + b, [result],
                   11 if kind == "int16" else 5 if keep else 4 if kind == "int8" else 1, activation=dice.pick(FUSED),
                   keepNumDims=keep, **options)
    return finish(dice, graph, [source], [result], kind)


def split_shape(dice, elements):
    shape = []
    for _ in range(dice.size(0, 4)):
        divisors = [d for d in range(1, min(elements, 64) + 1) if elements % d == 0]
        shape.append(dice.pick(divisors))
        elements //= shape[-1]
    return shape + [elements]


def reshape(dice, kind):
    shape = dice.shape(dice.size(1, 5), 6)
    graph, source, quant = start(dice, kind, shape)
    out = split_shape(dice, int(np.prod(shape)))
    wanted = list(out)
    if dice.chance(0.4):
        wanted[dice.size(0, len(wanted) - 1)] = -1
    result = graph.tensor(kind, out, quant)
    way = dice.pick(["options", "input", "both"])
    inputs = [source]
    options = {}
    if way != "options":
        inputs.append(graph.tensor("int32", [len(wanted)], None, wanted))
    if way != "input":
        options["newShape"] = wanted
    graph.operator("RESHAPE", inputs, [result], 1, **options)
    return finish(dice, graph, [source], [result], kind)


def squeeze(dice, kind):
    shape = dice.shape(dice.size(2, 5), 5)
    for i in range(len(shape)):
        if dice.chance(0.5):
            shape[i] = 1
    ones = [i for i, d in enumerate(shape) if d == 1]
    axes = [i for i in ones if dice.chance(0.6)]
    graph, source, quant = start(dice, kind, shape)
    dropped = axes or ones
    out = [d for i, d in enumerate(shape) if i not in dropped]
    result = graph.tensor(kind, out, quant)
    written = [a - len(shape) if dice.chance(0.3) else a for a in axes]
    graph.operator("SQUEEZE", [source], [result], 1, squeezeDims=written)
    return finish(dice, graph, [source], [result], kind)


def softmax(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 2, 3, 4]), 5)
    shape[-1] = dice.size(1, 130)
    graph = Graph()
    quant = None
    quant_out = None
    if kind in RANGES:
        quant = Quant(dice.log(1e-4, 10) if dice.chance(0.3) else dice.log(0.02, 0.5), dice.zero(kind))
        quant_out = Quant(1 / 32768) if kind == "int16" else Quant(1 / 256, -128 if kind == "int8" else 0)
    source = graph.tensor(kind, shape, quant)
    result = graph.tensor(kind, shape, quant_out)
    beta = dice.pick([1.0, 1.0, 1.0, 0.5, 2.0, dice.log(0.05, 8)])
    graph.operator("SOFTMAX", [source], [result], 2 if kind == "int8" else 1, beta=beta)
    return finish(dice, graph, [source], [result], kind)


def quantize_values(dice, quant, shape, span):
    """Floats around a quantisation's range: ties, both sides of the ends, far outside."""
    scale, zero = float(quant.scale[0]), int(quant.zero[0])
    steps = dice.rng.uniform(-300, 300, shape)
    if span > 256:
        steps *= span / 512
    if dice.chance(0.4):
        steps = np.round(steps * 2) / 2
    if dice.chance(0.2):
        steps = steps * 1e4
    return ((steps - zero) * np.float32(scale)).astype(np.float32)


def quantize(dice, kind):
    """`kind` is "float32-int8" and so on."""
    source_kind, result_kind = kind.split("-")
    shape = dice.shape(dice.size(1, 4), 8)
    graph = Graph()
    quant_in, quant_out = dice.quant(source_kind), dice.quant(result_kind)
    if quant_in is not None:
        ratio = dice.pick([1.0, 1.0, dice.log(0.2, 5), dice.log(0.01, 100)])
        quant_out = Quant(float(quant_in.scale[0]) / ratio, dice.zero(result_kind))
        if "int16" in (source_kind, result_kind):
            ratio *= 256 ** ((result_kind == "int16") - (source_kind == "int16"))
            quant_out = Quant(float(quant_in.scale[0]) / ratio, dice.zero(result_kind))
        elif source_kind != result_kind and dice.chance(0.4):
            # The cheap path between signed and unsigned: equal scales, zero points 128 apart.
            quant_out = Quant(quant_in.scale, int(quant_in.zero[0]) + (128 if source_kind == "int8" else -128))
    source = graph.tensor(source_kind, shape, quant_in)
    result = graph.tensor(result_kind, shape, quant_out)
    graph.operator("QUANTIZE", [source], [result], 1 if source_kind == "float32" else 2)
    if source_kind == "float32":
        return Case(graph.bytes([source], [result]), [quantize_values(dice, quant_out, shape, RANGES[result_kind][1] - RANGES[result_kind][0])])
    return finish(dice, graph, [source], [result], source_kind)


def dequantize(dice, kind):
    graph = Graph()
    shape = dice.shape(dice.size(1, 4), 8)
    quant = dice.quant(kind)
    version = {"uint8": 1, "int8": 2, "float16": 3, "int16": 4}[kind]
    result = graph.tensor("float32", shape)
    if kind == "float16" and dice.chance(0.6):
        # Stored half-precision constants, added to an input so that the model has one.
        halves = dice.rng.integers(0, 1 << 16, shape).astype(np.uint16).view(np.float16)
        halves = np.where(np.isfinite(halves), halves, np.float16(-65504))
        constant = graph.tensor(kind, shape, None, halves)
        source = graph.tensor("float32", shape)
        total = graph.tensor("float32", shape)
        graph.operator("DEQUANTIZE", [constant], [result], version)
        graph.operator("ADD", [result, source], [total], 1, activation="NONE")
        return finish(dice, graph, [source], [total], "float32")
    source = graph.tensor(kind, shape, quant)
    graph.operator("DEQUANTIZE", [source], [result], version)
    return finish(dice, graph, [source], [result], kind)


def cast(dice, kind):
    """Integers without a scale, as pixels are."""
    graph = Graph()
    shape = dice.shape(dice.size(1, 4), 8)
    source, result = graph.tensor(kind, shape), graph.tensor("float32", shape)
    graph.operator("CAST", [source], [result], 1)
    return finish(dice, graph, [source], [result], kind)


def pad(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4, 4]), 7)
    graph, source, quant = start(dice, kind, shape)
    amount = [[dice.size(0, 3), dice.size(0, 3)] for _ in shape]
    if dice.chance(0.1):
        amount = [[0, 0] for _ in shape]
    paddings = graph.tensor(dice.pick(["int32", "int32", "int64"]), [len(shape), 2], None, amount)
    result = graph.tensor(kind, [d + sum(a) for d, a in zip(shape, amount)], quant)
    graph.operator("PAD", [source, paddings], [result], 2 if kind == "int8" else 1)
    return finish(dice, graph, [source], [result], kind)


def transpose(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4, 4, 5, 6]), 5)
    graph, source, quant = start(dice, kind, shape)
    order = [int(i) for i in dice.rng.permutation(len(shape))]
    permutation = graph.tensor("int32", [len(shape)], None, order)
    result = graph.tensor(kind, [shape[i] for i in order], quant)
    graph.operator("TRANSPOSE", [source, permutation], [result], 2 if kind == "int8" else 1)
    return finish(dice, graph, [source], [result], kind)


def concatenation(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4]), 6)
    axis = dice.size(0, len(shape) - 1)
    graph = Graph()
    quant_out = dice.quant(kind, 0)
    tensors, sources, total = [], [], 0
    for i in range(dice.size(1, 4)):
        part = list(shape)
        part[axis] = dice.size(1, 6)
        total += part[axis]
        quant = quant_out
        if kind == "uint8" and dice.chance(0.5):
            quant = Quant(float(quant_out.scale[0]) * dice.log(0.3, 3), dice.zero(kind))
        constant = i > 0 and dice.chance(0.2)
        tensors.append(graph.tensor(kind, part, quant, dice.values(kind, part) if constant else None))
        if not constant:
            sources.append(tensors[-1])
    shape[axis] = total
    result = graph.tensor(kind, shape, quant_out)
    written = axis - len(shape) if dice.chance(0.3) else axis
    graph.operator("CONCATENATION", tensors, [result], 2 if kind == "int8" else 1, axis=written, activation="NONE")
    return finish(dice, graph, sources, [result], kind)


def clamp(name):
    def make(dice, kind):
        shape = dice.shape(dice.size(1, 4), 8)
        graph, source, quant = start(dice, kind, shape, 0)
        quant_out = quant
        if kind in RANGES and dice.chance(0.6):
            ratio = dice.log(1e-4, 1e4) if dice.chance(0.1) else dice.log(0.3, 3)
            quant_out = Quant(float(quant.scale[0]) * ratio, dice.zero(kind))
        result = graph.tensor(kind, shape, quant_out)
        graph.operator(name, [source], [result], 2 if kind != "float32" and name in ["RELU", "RELU6"] else 1)
        return finish(dice, graph, [source], [result], kind)
    return make


def unary(name):
    """Operators of each element; TFLite fixes the output quantisation of some, and ELU has no reference kernel."""
    def make(dice, kind):
        shape = dice.shape(dice.size(1, 4), 8)
        if dice.chance(0.3):
            shape = [2, 8, 16]  # room for all 256 stored values
        graph, source, quant = start(dice, kind, shape, 0.05)
        quant_out = None
        if kind in RANGES:
            low = RANGES[kind][0]
            if kind == "int16" and name != "LEAKY_RELU":
                quant_out = Quant(1 / 32768)
            elif name == "LOGISTIC":
                quant_out = Quant(1 / 256, low)
            elif name == "TANH":
                quant_out = Quant(1 / 128, low + 128)
            else:
                ratio = dice.log(0.01, 1e4) if dice.chance(0.1) else dice.log(0.3, 3)
                quant_out = Quant(float(quant.scale[0]) * ratio, dice.zero(kind))
        if kind == "int16" and dice.chance(0.4):
            quant = Quant(2.0 ** -dice.size(9, 14))  # powers of two are another case
            graph = Graph()
            source = graph.tensor(kind, shape, quant)
        options = {"alpha": dice.pick([0.2, 0.3, 0.01, 1.5, -0.5])} if name == "LEAKY_RELU" else {}
        version = 2 if kind == "int8" and name in ["LOGISTIC", "TANH", "LEAKY_RELU", "RSQRT"] else 1
        result = graph.tensor(kind, shape, quant_out)
        graph.operator(name, [source], [result], version, **options)
        case = finish(dice, graph, [source], [result], kind)
        if kind in ("int8", "uint8") and int(np.prod(shape)) == 256:
            case.inputs = [np.arange(256).astype(np.uint8).view(TYPES[kind][1]).reshape(shape)]
        if name == "RSQRT":  # refuses values below zero
            low = 0 if quant is None else int(quant.zero[0])
            case.inputs = [np.maximum(case.inputs[0], low).astype(TYPES[kind][1])]
        return case
    return make


def extreme(name):
    """MAXIMUM and MINIMUM: one quantisation for all three."""
    def make(dice, kind):
        first, second, out = broadcast_shapes(dice)
        graph = Graph()
        quant = dice.quant(kind)
        tensors = [graph.tensor(kind, first, quant)]
        constant = dice.chance(0.4)
        tensors.append(graph.tensor(kind, second, quant, dice.values(kind, second) if constant else None))
        result = graph.tensor(kind, out, quant)
        graph.operator(name, tensors, [result], 2 if kind == "int8" else 1)
        return finish(dice, graph, tensors[:1] if constant else tensors, [result], kind)
    return make


def reduction(name):
    """SUM; and REDUCE_MAX, with the same quantisation on both sides."""
    def make(dice, kind):
        rank = dice.pick([1, 2, 3, 4, 4, 4])
        shape = dice.image(15, 20) if rank == 4 else dice.shape(rank, 12)
        graph, source, quant = start(dice, kind, shape)
        axes = [1, 2] if rank == 4 and dice.chance(0.5) else [
            int(a) for a in dice.rng.permutation(rank)[:dice.size(1, rank)]]
        keep = dice.chance(0.5)
        out = [1 if i in axes else d for i, d in enumerate(shape)]
        if not keep:
            out = [d for i, d in enumerate(shape) if i not in axes]
        axis = graph.tensor("int32", [len(axes)], None, [a - rank if dice.chance(0.2) else a for a in axes])
        quant_out = quant
        if kind in RANGES and name == "SUM" and dice.chance(0.8):
            quant_out = Quant(float(quant.scale[0]) * dice.log(0.3, 100), dice.zero(kind))
        result = graph.tensor(kind, out, quant_out)
        graph.operator(name, [source, axis], [result], 2 if kind == "int8" else 1, keepDims=keep)
        return finish(dice, graph, [source], [result], kind)
    return make


def log_softmax(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 2, 3, 4]), 5)
    shape[-1] = dice.size(1, 130) if dice.chance(0.9) else 1000
    graph = Graph()
    quant = quant_out = None
    if kind in RANGES:
        quant = Quant(dice.log(1e-4, 10) if dice.chance(0.3) else dice.log(0.02, 0.5), dice.zero(kind))
        quant_out = Quant(1 / 16, RANGES[kind][1])
    source = graph.tensor(kind, shape, quant)
    result = graph.tensor(kind, shape, quant_out)
    graph.operator("LOG_SOFTMAX", [source], [result], 2 if kind == "int8" else 1)
    return finish(dice, graph, [source], [result], kind)


def l2_normalization(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 2, 3, 4]), 5)
    shape[-1] = dice.size(1, 130) if dice.chance(0.9) else 1000
    if dice.chance(0.05):
        shape[-1] = 20000  # longer than 2^29 units
    graph, source, quant = start(dice, kind, shape, 0.05)
    quant_out = Quant(1 / 128, RANGES[kind][0] + 128) if kind in RANGES else None
    result = graph.tensor(kind, shape, quant_out)
    graph.operator("L2_NORMALIZATION", [source], [result], 2 if kind == "int8" else 1, activation="NONE")
    case = finish(dice, graph, [source], [result], kind)
    if dice.chance(0.1):  # a row of zeros
        case.inputs = [np.full_like(case.inputs[0], 0 if quant is None else int(quant.zero[0]))]
    return case


def prelu(dice, kind):
    """One slope for each channel, as a rule, or any that broadcasts to the input."""
    shape = dice.image(11, 20)
    slopes = [1, 1, shape[3]] if dice.chance(0.6) else [d if dice.chance(0.5) else 1 for d in shape[1:]]
    graph, source, quant = start(dice, kind, shape, 0)
    quant_slope, quant_out = None, None
    if kind in RANGES:
        quant_slope = Quant(dice.log(1e-3, 0.05), dice.zero(kind))
        ratio = dice.log(0.01, 1e4) if dice.chance(0.1) else dice.log(0.3, 3)
        quant_out = Quant(float(quant.scale[0]) * ratio, dice.zero(kind))
    slope = graph.tensor(kind, slopes, quant_slope, dice.values(kind, slopes))
    result = graph.tensor(kind, shape, quant_out)
    graph.operator("PRELU", [source, slope], [result], 1)
    return finish(dice, graph, [source], [result], kind)


# ---- Two operators and more: what a planner may fuse or run in place ------------------------------------------


def residual_block(dice, kind):
    """Expand, depthwise, project, add: the intermediate results are also outputs at times."""
    image = dice.image(11, 12)
    graph, source, quant = start(dice, kind, image, 0)
    plain = ([1, 1], image[1:3], {"padding": "SAME", "strideH": 1, "strideW": 1})
    middle, quant_m = add_conv(dice, graph, kind, source, quant, "RELU6", plain, image[3] * 2)
    three = ([3, 3], image[1:3], {"padding": "SAME", "strideH": 1, "strideW": 1})
    deep, quant_d = add_depthwise(dice, graph, kind, middle, quant_m, "RELU6", three, 1)
    last, quant_l = add_conv(dice, graph, kind, deep, quant_d, "NONE", plain, image[3])
    quant_out = None
    if kind in RANGES:
        quant_out = Quant(max(float(quant.scale[0]), float(quant_l.scale[0])) * dice.log(0.8, 2), dice.zero(kind))
    result = graph.tensor(kind, image, quant_out)
    graph.operator("ADD", dice.pick([[source, last], [last, source]]), [result], 2 if kind == "int8" else 1,
                   activation=dice.pick(FUSED))
    outputs = [result]
    for tensor in [middle, deep, last]:
        if dice.chance(0.15):
            outputs.append(tensor)
    return finish(dice, graph, [source], outputs, kind)


def pad_then_conv(dice, kind):
    """Keras stride 2: explicit asymmetric PAD, then VALID."""
    image = dice.image(13, 12)
    graph, source, quant = start(dice, kind, image)
    amount = [[0, 0], dice.pick([[0, 1], [1, 1]]), dice.pick([[0, 1], [1, 1]]), [0, 0]]
    paddings = graph.tensor("int32", [4, 2], None, amount)
    padded_shape = [image[0], image[1] + sum(amount[1]), image[2] + sum(amount[2]), image[3]]
    padded = graph.tensor(kind, padded_shape, quant)
    graph.operator("PAD", [source, paddings], [padded], 2 if kind == "int8" else 1)
    adder = dice.pick([add_conv, add_depthwise])
    k = dice.pick([1, 2])
    size = window(padded_shape, [k, k], [2, 2], [1, 1], "VALID")
    geometry = ([k, k], size, {"padding": "VALID", "strideH": 2, "strideW": 2})
    result, _ = adder(dice, graph, kind, padded, quant, geometry=geometry)
    return finish(dice, graph, [source], [result], kind)


def nchw_input(dice, kind):
    """Converters from PyTorch: NCHW in, TRANSPOSE, convolution, TRANSPOSE back."""
    image = dice.image(9, 8)
    graph, source, quant = start(dice, kind, [image[0], image[3], image[1], image[2]])
    version = 2 if kind == "int8" else 1
    nhwc = graph.tensor(kind, image, quant)
    graph.operator("TRANSPOSE", [source, graph.tensor("int32", [4], None, [0, 2, 3, 1])], [nhwc], version)
    middle, quant_m = add_conv(dice, graph, kind, nhwc, quant)
    n, h, w, c = graph.shape(middle)
    result = graph.tensor(kind, [n, c, h, w], quant_m)
    graph.operator("TRANSPOSE", [middle, graph.tensor("int32", [4], None, [0, 3, 1, 2])], [result], version)
    return finish(dice, graph, [source], [result], kind)


def half_weights(dice, kind):
    """float16 weights and bias through DEQUANTIZE."""
    graph, source, _ = start(dice, kind, dice.image(9, 8))
    image = graph.shape(source)
    filter_hw, out, options = conv_geometry(dice, image)
    channels = dice.size(1, 12)
    operands = []
    for shape in [[channels] + filter_hw + [image[3]], [channels]]:
        half = graph.tensor("float16", shape, None, dice.rng.standard_normal(shape))
        operands.append(graph.tensor("float32", shape))
        graph.operator("DEQUANTIZE", [half], [operands[-1]], 3)
    result = graph.tensor(kind, [image[0]] + out + [channels])
    graph.operator("CONV_2D", [source] + operands, [result], 1, activation=dice.pick(FUSED), **options)
    return finish(dice, graph, [source], [result], kind)


def conv_then_clamp(dice, kind):
    # Scales stay moderate: LiteRT's RELU6 converts 6 / scale to int32 without a check.
    graph, source, quant = start(dice, kind, dice.image(9, 8), 0)
    middle, quant_m = add_conv(dice, graph, kind, source, quant, "NONE", scheme="tensor")
    result = graph.tensor(kind, graph.shape(middle), quant_m)
    graph.operator(dice.pick(["RELU", "RELU6"]), [middle], [result], 2 if kind != "float32" else 1)
    return finish(dice, graph, [source], [result], kind)


BOTH = ["int8", "uint8", "float32"]

# label, maker, element types
CASES = [
    ("CONV_2D", conv, BOTH + ["int8", "uint8"]),
    ("DEPTHWISE_CONV_2D", depthwise, BOTH + ["int8", "uint8"]),
    ("ADD", binary("ADD"), BOTH),
    ("SUB", binary("SUB"), BOTH),
    ("MUL", binary("MUL"), BOTH),
    ("AVERAGE_POOL_2D", pool("AVERAGE_POOL_2D"), BOTH),
    ("MAX_POOL_2D", pool("MAX_POOL_2D"), BOTH),
    ("MEAN", mean, BOTH + ["int8", "uint8"]),
    ("FULLY_CONNECTED", fully_connected, BOTH + ["int8"]),
    ("RESHAPE", reshape, BOTH),
    ("SQUEEZE", squeeze, BOTH),
    ("SOFTMAX", softmax, BOTH),
    ("QUANTIZE", quantize, ["float32-int8", "float32-uint8", "int8-uint8", "uint8-int8", "int8-int8", "uint8-uint8"]),
    ("DEQUANTIZE", dequantize, ["int8", "uint8", "float16"]),
    ("PAD", pad, BOTH),
    ("TRANSPOSE", transpose, BOTH),
    ("CONCATENATION", concatenation, BOTH),
    ("RELU", clamp("RELU"), BOTH),
    ("RELU6", clamp("RELU6"), BOTH),
    ("residual block", residual_block, BOTH),
    ("PAD, convolution", pad_then_conv, BOTH),
    ("TRANSPOSE, CONV_2D, TRANSPOSE", nchw_input, BOTH),
    ("float16 weights, CONV_2D", half_weights, ["float32"]),
    ("CONV_2D, RELU", conv_then_clamp, BOTH),
    ("LOGISTIC", unary("LOGISTIC"), BOTH),
    ("TANH", unary("TANH"), BOTH),
    ("HARD_SWISH", unary("HARD_SWISH"), BOTH),
    ("LEAKY_RELU", unary("LEAKY_RELU"), BOTH),
    ("ELU", unary("ELU"), ["float32", "int8"]),
    ("SQUARE", unary("SQUARE"), ["float32"]),
    ("RSQRT", unary("RSQRT"), ["float32", "int8"]),
    ("RELU_N1_TO_1", clamp("RELU_N1_TO_1"), BOTH),
    ("RELU_0_TO_1", clamp("RELU_0_TO_1"), BOTH),
    ("LOG_SOFTMAX", log_softmax, BOTH),
    ("L2_NORMALIZATION", l2_normalization, BOTH),
    ("PRELU", prelu, BOTH),
    ("CAST", cast, ["int8", "uint8"]),
    ("REDUCE_MAX", reduction("REDUCE_MAX"), BOTH),
    ("SUM", reduction("SUM"), ["uint8", "float32"]),  # LiteRT's reference reads int8 as uint8
    ("MAXIMUM", extreme("MAXIMUM"), BOTH),
    ("MINIMUM", extreme("MINIMUM"), BOTH),
    ("DIV", binary("DIV"), ["float32"]),
    ("hybrid CONV_2D", hybrid_conv, ["int8", "int8", "uint8"]),
    ("hybrid DEPTHWISE_CONV_2D", hybrid_depthwise, ["int8"]),
    ("hybrid FULLY_CONNECTED", hybrid_fully_connected, ["int8", "uint8"]),
]

WIDE = [  # int16 activations
    ("CONV_2D, int16", conv, ["int16"]),
    ("DEPTHWISE_CONV_2D, int16", depthwise, ["int16"]),
    ("ADD, int16", binary("ADD"), ["int16"]),
    ("SUB, int16", binary("SUB"), ["int16"]),
    ("MUL, int16", binary("MUL"), ["int16"]),
    ("AVERAGE_POOL_2D, int16", pool("AVERAGE_POOL_2D"), ["int16"]),
    ("MAX_POOL_2D, int16", pool("MAX_POOL_2D"), ["int16"]),
    ("MEAN, int16", mean, ["int16"]),
    ("FULLY_CONNECTED, int16", fully_connected, ["int16"]),
    ("RESHAPE, int16", reshape, ["int16"]),
    ("SQUEEZE, int16", squeeze, ["int16"]),
    ("SOFTMAX, int16", softmax, ["int16"]),
    ("PAD, int16", pad, ["int16"]),
    ("TRANSPOSE, int16", transpose, ["int16"]),
    ("CONCATENATION, int16", concatenation, ["int16"]),
    ("RELU, int16", clamp("RELU"), ["int16"]),
    ("RELU6, int16", clamp("RELU6"), ["int16"]),
    ("LOGISTIC, int16", unary("LOGISTIC"), ["int16"]),
    ("TANH, int16", unary("TANH"), ["int16"]),
    ("LEAKY_RELU, int16", unary("LEAKY_RELU"), ["int16"]),
    ("QUANTIZE, int16", quantize, ["float32-int16", "int16-int16", "int16-int8", "int8-int16", "uint8-int16"]),
    ("DEQUANTIZE, int16", dequantize, ["int16"]),
]

import cases_move  # noqa: E402: it needs what is above

CASES += cases_move.CASES
KINDS = [(label, maker, kind) for label, maker, types in CASES + WIDE for kind in types]


def make(seed, number, tiny=False):
    """Case `number` of the endless series of `seed`: (operator, type, Case)."""
    label, maker, kind = KINDS[number % len(KINDS)]
    dice = Dice(np.random.default_rng([seed, number]), tiny)
    return label, kind, maker(dice, kind)


def make_of(label, kind, seed, number):
    """A tiny case of one kind, the same whatever other kinds there are."""
    maker = next(m for l, m, k in KINDS if (l, k) == (label, kind))
    return maker(Dice(np.random.default_rng([seed, number]), tiny=True), kind)
