# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Random models of operators that move elements, and of the shape arithmetic that converters write around them."""

from cases import add_conv, add_depthwise, finish, start
from tflite_file import Graph


def version(kind):
    return 2 if kind == "int8" else 1


def ints(graph, values):
    return graph.tensor("int32", [len(values)], None, values)


def number(graph, value):
    return graph.tensor("int32", [], None, value)


def resize(name):
    def make(dice, kind):
        image = dice.image(9, 8)
        graph, source, quant = start(dice, kind, image)
        size = [dice.size(1, 17), dice.size(1, 17)] if not dice.chance(0.1) else image[1:3]
        if kind == "float32" and size == image[1:3]:
            size[0] += 1  # one that changes nothing vanishes here; LiteRT multiplies by 0, which makes infinity NaN
        result = graph.tensor(kind, [image[0]] + size + [image[3]], quant)
        way = dice.pick([0, 0, 1, 2])
        graph.operator(name, [source, ints(graph, size)], [result], 3, alignCorners=way == 1, halfPixelCenters=way == 2)
        return finish(dice, graph, [source], [result], kind)
    return make


def strided_slice(dice, kind):
    """Every mask; parts are never empty."""
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4]), 7)
    graph, source, quant = start(dice, kind, shape)
    begin, end, strides, out = [], [], [], []
    masks = {"begin": 0, "end": 0, "shrink": 0}
    for d, size in enumerate(shape):
        step = dice.pick([1, 1, 1, 2, -1, -2])
        first = int(dice.rng.integers(size))
        if dice.chance(0.2) and len(out) + len(shape) - d > 1:
            masks["shrink"] |= 1 << d
            begin.append(first - size if dice.chance(0.3) else first)
            end.append(first + 1)
            strides.append(1)
            continue
        if dice.chance(0.3):
            masks["begin"] |= 1 << d
            first = 0 if step > 0 else size - 1
        last = int(dice.rng.integers(first + 1, size + 1)) if step > 0 else int(dice.rng.integers(-1, first))
        if dice.chance(0.3) or last == -1:
            masks["end"] |= 1 << d
            last = size if step > 0 else -1
        begin.append(first - size if dice.chance(0.3) else first)
        end.append(last)
        strides.append(step)
        out.append(len(range(first, last, step)))
    result = graph.tensor(kind, out, quant)
    graph.operator("STRIDED_SLICE", [source] + [ints(graph, v) for v in (begin, end, strides)], [result],
                   version(kind), beginMask=masks["begin"], endMask=masks["end"], shrinkAxisMask=masks["shrink"])
    return finish(dice, graph, [source], [result], kind)


def slice_part(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4, 4]), 7)
    graph, source, quant = start(dice, kind, shape)
    begin = [int(dice.rng.integers(size)) for size in shape]
    size = [int(dice.rng.integers(1, total - first + 1)) for total, first in zip(shape, begin)]
    result = graph.tensor(kind, size, quant)
    written = [-1 if first + part == total and dice.chance(0.5) else part
               for total, first, part in zip(shape, begin, size)]
    graph.operator("SLICE", [source, ints(graph, begin), ints(graph, written)], [result], version(kind))
    return finish(dice, graph, [source], [result], kind)


def split(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4]), 6)
    axis, parts = dice.size(0, len(shape) - 1), dice.size(1, 4)
    written = axis - len(shape) if dice.chance(0.3) else axis
    equal = dice.chance(0.5)
    sizes = [shape[axis]] * parts if equal else [dice.size(1, 4) for _ in range(parts)]
    shape[axis] = sum(sizes)
    graph, source, quant = start(dice, kind, shape)
    results = [graph.tensor(kind, shape[:axis] + [size] + shape[axis + 1:], quant) for size in sizes]
    if equal:
        graph.operator("SPLIT", [number(graph, written), source], results, version(kind), numSplits=parts)
    else:
        if dice.chance(0.3):
            sizes[dice.size(0, parts - 1)] = -1
        graph.operator("SPLIT_V", [source, ints(graph, sizes), number(graph, written)], results, 1, numSplits=parts)
    return finish(dice, graph, [source], results, kind)


def pack(dice, kind):
    """PACK, and with a second operator its opposite."""
    shape = dice.shape(dice.pick([0, 1, 2, 3, 4]), 6)
    graph = Graph()
    quant, count, axis = dice.quant(kind), dice.size(1, 4), dice.size(0, len(shape))
    sources = [graph.tensor(kind, shape, quant) for _ in range(count)]
    both = graph.tensor(kind, shape[:axis] + [count] + shape[axis:], quant)
    written = axis - len(shape) - 1 if dice.chance(0.3) else axis
    graph.operator("PACK", sources, [both], version(kind), valuesCount=count, axis=written)
    if dice.chance(0.5):
        return finish(dice, graph, sources, [both], kind)
    results = [graph.tensor(kind, shape, quant) for _ in range(count)]
    graph.operator("UNPACK", [both], results, version(kind), num=count, axis=written)
    return finish(dice, graph, sources, results, kind)


def tile(dice, kind):
    shape = dice.shape(dice.pick([1, 2, 3, 4]), 5)
    graph, source, quant = start(dice, kind, shape)
    times = [dice.pick([1, 1, 2, 3]) for _ in shape]
    result = graph.tensor(kind, [a * b for a, b in zip(shape, times)], quant)
    graph.operator("TILE", [source, ints(graph, times)], [result], 1)
    return finish(dice, graph, [source], [result], kind)


def space(dice, kind):
    """SPACE_TO_BATCH_ND and back, at times apart."""
    image = dice.image(9, 8)
    block = [dice.size(1, 3), dice.size(1, 3)]
    pads = [[dice.size(0, 3), 0] for _ in block]
    for size, b, pad in zip(image[1:3], block, pads):
        pad[1] = -(size + pad[0]) % b
    graph, source, quant = start(dice, kind, image)
    inner = [(size + sum(pad)) // b for size, b, pad in zip(image[1:3], block, pads)]
    batches = graph.tensor(kind, [image[0] * block[0] * block[1]] + inner + [image[3]], quant)
    graph.operator("SPACE_TO_BATCH_ND", [source, ints(graph, block), graph.tensor("int32", [2, 2], None, pads)],
                   [batches], version(kind))
    if dice.chance(0.5):
        return finish(dice, graph, [source], [batches], kind)
    result = graph.tensor(kind, image, quant)
    graph.operator("BATCH_TO_SPACE_ND", [batches, ints(graph, block), graph.tensor("int32", [2, 2], None, pads)],
                   [result], version(kind))
    return finish(dice, graph, [source], [result], kind)


def dilated(dice, kind):
    """A dilated convolution as converters write it where the size of a batch is open."""
    image = dice.image(9, 8)
    block = [dice.size(2, 3), dice.size(2, 3)]
    filter_hw = [dice.pick([1, 2, 3, 3]), dice.pick([1, 2, 3, 3])]
    pads, crops, inner, out = [], [], [], []
    for size, b, k in zip(image[1:3], block, filter_hw):
        reach = (k - 1) * b
        before = dice.pick([0, reach // 2, reach])
        after = max(dice.pick([0, reach - before]), reach + 1 - size - before)
        spare = -(size + before + after) % b
        pads.append([before, after + spare])
        crops.append([min(before, dice.pick([0, 0, 1])), spare])
        inner.append((size + before + after + spare) // b)
        out.append(size + before + after - reach - crops[-1][0])
    if min(out) < 1:
        crops = [[0, crop[1]] for crop in crops]
        out = [size + sum(pad) - (k - 1) * b - crop[1]
               for size, pad, k, b, crop in zip(image[1:3], pads, filter_hw, block, crops)]
    graph, source, quant = start(dice, kind, image, 0)
    batches = graph.tensor(kind, [image[0] * block[0] * block[1]] + inner + [image[3]], quant)
    graph.operator("SPACE_TO_BATCH_ND", [source, ints(graph, block), graph.tensor("int32", [2, 2], None, pads)],
                   [batches], version(kind))
    geometry = (filter_hw, [size - k + 1 for size, k in zip(inner, filter_hw)],
                {"padding": "VALID", "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1})
    add = dice.pick([add_conv, add_depthwise])
    middle, quant_m = add(dice, graph, kind, batches, quant, geometry=geometry)
    result = graph.tensor(kind, [image[0]] + out + [graph.shape(middle)[3]], quant_m)
    graph.operator("BATCH_TO_SPACE_ND", [middle, ints(graph, block), graph.tensor("int32", [2, 2], None, crops)],
                   [result], version(kind))
    return finish(dice, graph, [source], [result], kind)


def flatten(dice, kind):
    """Keras' Flatten: SHAPE, STRIDED_SLICE, PACK, RESHAPE."""
    image = dice.image(7, 6)
    graph, source, quant = start(dice, kind, image)
    shape = graph.tensor("int32", [4])
    graph.operator("SHAPE", [source], [shape], 1, outType=2)
    first = graph.tensor("int32", [])
    graph.operator("STRIDED_SLICE", [shape, ints(graph, [0]), ints(graph, [1]), ints(graph, [1])], [first], 1,
                   shrinkAxisMask=1)
    rest = image[1] * image[2] * image[3]
    sizes = graph.tensor("int32", [2])
    graph.operator("PACK", [first, number(graph, rest)], [sizes], 1, valuesCount=2, axis=0)
    result = graph.tensor(kind, [image[0], rest], quant)
    graph.operator("RESHAPE", [source, sizes], [result], 1)
    return finish(dice, graph, [source], [result], kind)


BOTH = ["int8", "uint8", "float32"]

CASES = [
    ("RESIZE_BILINEAR", resize("RESIZE_BILINEAR"), BOTH),
    ("RESIZE_NEAREST_NEIGHBOR", resize("RESIZE_NEAREST_NEIGHBOR"), BOTH),
    ("STRIDED_SLICE", strided_slice, BOTH),
    ("SLICE", slice_part, BOTH),
    ("SPLIT, SPLIT_V", split, BOTH),
    ("PACK, UNPACK", pack, BOTH),
    ("TILE", tile, ["float32", "uint8"]),
    ("SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND", space, BOTH),
    ("dilated convolution of batches", dilated, BOTH),
    ("SHAPE to RESHAPE", flatten, BOTH),
]
