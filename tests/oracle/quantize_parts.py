# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What the rounding of weights and that of activations each cost an int8 MobileNetV2 that `mobilenet quantize` made.

    quantize_parts.py FLOAT.tflite INT8.tflite IMAGES [--limit N]

A third network lies between the two: the int8 model's weights, with activations that nothing rounds, computed here.
From the float model to it only weights differ, and from it to the int8 model only activations. Divergences are those of
the scores before the softmax. Photos are taken from the folder itself."""

import argparse
import glob
import os
import sys

import numpy as np

import engines
from quantize_accuracy import BUILD, log_softmax, pixels_of, scores, float_of

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


class Unrounded:
    """The int8 model `content` with floats for activations, but those of `rounded` (tensors), which keep their steps."""

    def __init__(self, content, rounded=()):
        interpreter = engines.litert(content, keep_tensors=False)
        self.details = {d["index"]: d for d in interpreter.get_tensor_details()}
        self.input = interpreter.get_input_details()[0]["index"]
        self.layers, self.rounded = [], set(rounded)
        for op in interpreter._get_ops_details():
            kind, inputs, out = op["op_name"], [int(i) for i in op["inputs"]], int(op["outputs"][0])
            weights, bias = None, None
            if kind in WEIGHTED:
                q = self.details[inputs[1]]["quantization_parameters"]
                shape = [1] * len(self.details[inputs[1]]["shape"])
                shape[q["quantized_dimension"]] = -1
                weights = interpreter.get_tensor(inputs[1]) * q["scales"].reshape(shape)
                bias = interpreter.get_tensor(inputs[2]) * (q["scales"].astype(np.float64) * self.step(inputs[0])[0])
            self.layers.append((kind, inputs, out, weights, bias))

    def step(self, tensor):
        q = self.details[tensor]["quantization_parameters"]
        return float(q["scales"][0]), int(q["zero_points"][0])

    def store(self, tensor, values):
        scale, zero = self.step(tensor)
        return (np.clip(np.rint(values / scale) + zero, -128, 127) - zero) * scale if tensor in self.rounded else values

    def convolve(self, x, weights, out, depthwise):
        """SAME padding; weights [o][h][w][i], or [1][h][w][c]."""
        size, (height, width) = weights.shape[1], out[1:3]
        stride = -(-x.shape[0] // height)
        pad = max((height - 1) * stride + size - x.shape[0], 0)
        x = np.pad(x, ((pad // 2, pad - pad // 2),) * 2 + ((0, 0),))
        sum_ = 0
        for ky in range(size):
            for kx in range(size):
                seen = x[ky:ky + (height - 1) * stride + 1:stride, kx:kx + (width - 1) * stride + 1:stride]
                sum_ = sum_ + (seen * weights[0, ky, kx] if depthwise else seen @ weights[:, ky, kx].T)
        return sum_

    def run(self, pixels):
        values = {self.input: float_of(pixels)[0]}
        for kind, inputs, out, weights, bias in self.layers:
            x = values[inputs[0]]
            if kind == "SOFTMAX":
                return x.reshape(-1)
            if kind == "ADD":
                y = x + values[inputs[1]]
            elif kind == "MEAN":
                y = x.mean(axis=(0, 1))
            elif kind == "FULLY_CONNECTED":
                y = weights @ x + bias
            else:
                y = self.convolve(x, weights, self.details[out]["shape"], kind == "DEPTHWISE_CONV_2D") + bias
                if self.step(out)[1] == -128:  # of the convolutions only those with RELU6 never go below zero
                    y = np.clip(y, 0, 6)
            values[out] = self.store(out, y.astype(np.float32))
        raise ValueError("not a MobileNetV2 that ends in SOFTMAX")


def divergence(a, b):
    p, q = log_softmax(a.astype(np.float64)), log_softmax(b.astype(np.float64))
    each = (np.exp(p) * (p - q)).sum(axis=1)
    return "%.5f +- %.5f, %.1f %% agree" % (each.mean(), each.std() / np.sqrt(len(each)),
                                            100 * (p.argmax(1) == q.argmax(1)).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("float_model")
    parser.add_argument("int8_model")
    parser.add_argument("images")
    parser.add_argument("--limit", type=int, help="only the first N photos")
    arguments = parser.parse_args()
    names = sorted(glob.glob(os.path.join(arguments.images, "*.[jJpP][pPnN]*[gG]")))[:arguments.limit]
    if not names:
        sys.exit("%s: holds no photos; give a folder with .jpg, .jpeg or .png files" % arguments.images)
    photos = [pixels_of(name) for name in names]
    lib = engines.library(os.path.join(BUILD, "libmobilenet.so"))
    contents = []
    for path in (arguments.float_model, arguments.int8_model):
        with open(path, "rb") as file:
            contents.append(file.read())
    exact, whole = scores(lib, contents[0], photos), scores(lib, contents[1], photos)
    network = Unrounded(contents[1])
    middle = np.array([network.run(p) for p in photos])
    outputs = [out for _, _, out, _, _ in network.layers]
    print("%d photos, mean KL divergence in nats with its standard error" % len(photos))
    print("all                          " + divergence(exact, whole))
    print("weights                      " + divergence(exact, middle))
    print("activations                  " + divergence(middle, whole))
    for title, tensors in (("  the first three layers'    ", outputs[:3]), ("  the scores                 ", outputs[-2:-1])):
        part = Unrounded(contents[1], tensors)
        print(title + divergence(middle, np.array([part.run(p) for p in photos])), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
