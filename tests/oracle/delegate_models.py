#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""usage: delegate_models.py FOLDER

Writes models for delegate.py: small networks, and networks with an operator in between that this library does not have,
so that an interpreter cuts them into parts."""

import os
import sys

import network

SIZE = 40


class Cut(network.Network):
    """ABS behind every second block: TensorFlow Lite has it, this library does not."""

    blocks = 0

    def block(self, name, source, expansion, channels, stride):
        result = super().block(name, source, expansion, channels, stride)
        self.blocks += 1
        if self.blocks % 2:
            return result
        cut = self.activation(name + "_abs", self.graph.shape(result))
        self.graph.operator("ABS", [result], [cut], self.version(1, 2))
        return cut


def main():
    folder = sys.argv[1]
    options = dict(width=0.5, last=40, classes=30)
    for name, kind, made_by in (("small_int8", "int8", network.Network), ("small_float32", "float32", network.Network),
                                ("cut_int8", "int8", Cut), ("cut_float32", "float32", Cut)):
        network.Network, before = made_by, network.Network
        if kind == "float32":
            content = network.build(kind, 5, SIZE, network.TINY_V2, **options)
        else:
            content = network.quantised(kind, 5, SIZE, network.TINY_V2, **options)
        network.Network = before
        with open(os.path.join(folder, name + ".tflite"), "wb") as file:
            file.write(content)


if __name__ == "__main__":
    main()
