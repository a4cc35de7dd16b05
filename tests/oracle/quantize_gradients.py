# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What the rounding of each activation costs an int8 MobileNetV2, as far as errors are small.

    quantize_gradients.py INT8.tflite IMAGES [--limit N] [--answers N]

The network is that of quantize_parts.py, with the int8 model's weights and activations that nothing rounds. Answers are
drawn from its probabilities; half the mean square of (gradient of the answer's log-probability) x (rounding error) is a
tensor's part of the Kullback-Leibler divergence when errors are independent. Joined sums, whose scale is that of both
operands, round nothing. Needs PyTorch."""

import argparse
import glob
import os
import sys

import torch
import torch.nn.functional as F

from quantize_accuracy import float_of, pixels_of
from quantize_parts import Unrounded


def convolve(x, weights, bias, size, depthwise):
    """SAME padding; x [1][c][h][w], weights as in the file."""
    w = torch.tensor(weights).permute(*((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))).contiguous()
    stride = -(-x.shape[2] // size)
    pad = max((size - 1) * stride + w.shape[2] - x.shape[2], 0)
    x = F.pad(x, (pad // 2, pad - pad // 2) * 2)
    return F.conv2d(x, w, bias, stride, groups=x.shape[1] if depthwise else 1)


def run(network, pixels):
    """Scores, and each operator's result with gradients kept, by tensor."""
    values = {network.input: torch.tensor(float_of(pixels)).permute(0, 3, 1, 2)}
    for kind, inputs, out, weights, bias in network.layers:
        x = values[inputs[0]]
        bias = None if bias is None else torch.tensor(bias, dtype=torch.float32)
        if kind == "SOFTMAX":
            return x, values
        if kind == "ADD":
            y = x + values[inputs[1]]
        elif kind == "MEAN":
            y = x.mean((2, 3))
        elif kind == "FULLY_CONNECTED":
            y = F.linear(x, torch.tensor(weights), bias)
        else:
            y = convolve(x, weights, bias, network.details[out]["shape"][1], kind == "DEPTHWISE_CONV_2D")
            if network.step(out)[1] == -128:
                y = y.clamp(0, 6)
        if not y.requires_grad:
            y.requires_grad_()
        y.retain_grad()
        values[out] = y
    raise ValueError("not a MobileNetV2 that ends in SOFTMAX")


def error_of(network, tensor, values):
    scale, zero = network.step(tensor)
    return (torch.clamp(torch.round(values / scale) + zero, -128, 127) - zero) * scale - values


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("int8_model")
    parser.add_argument("images")
    parser.add_argument("--limit", type=int, help="only the first N photos")
    parser.add_argument("--answers", type=int, default=2, help="drawn for each photo [2]")
    arguments = parser.parse_args()
    names = sorted(glob.glob(os.path.join(arguments.images, "*.[jJpP][pPnN]*[gG]")))[:arguments.limit]
    if not names:
        sys.exit("%s: holds no photos; give a folder with .jpg, .jpeg or .png files" % arguments.images)
    with open(arguments.int8_model, "rb") as file:
        network = Unrounded(file.read())
    draw = torch.Generator().manual_seed(1)
    cost = {}
    for name in names:
        scores, values = run(network, pixels_of(name))
        chances = F.log_softmax(scores, 1)
        for _ in range(arguments.answers):
            for value in values.values():
                value.grad = None
            answer = torch.multinomial(chances.detach().exp(), 1, generator=draw)
            chances.gather(1, answer).sum().backward(retain_graph=True)
            for kind, inputs, out, _, _ in network.layers[:-1]:
                joined = kind == "ADD" and all(network.step(i) == network.step(out) for i in inputs)
                error = error_of(network, out, values[out].detach())
                part = 0 if joined else float(((values[out].grad * error) ** 2).sum()) / 2
                cost[out] = cost.get(out, 0) + part / arguments.answers / len(names)
    sums = {True: 0.0, False: 0.0}
    for out, part in cost.items():
        print("%.6f  %s" % (part, network.details[out]["name"]))
        sums[network.step(out)[1] == -128 and network.details[out]["shape"].size == 4] += part
    print("%.5f behind RELU6, %.5f others, %.5f all" % (sums[True], sums[False], sum(sums.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
