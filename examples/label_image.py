#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Prints the five best classes of a photo through TensorFlow Lite's interface, as the examples of model zoos do.

    python3 label_image.py -m model.tflite -i cat.jpg [-l labels.txt] [--num_threads 2] [-e libdelegate.so -o "key:value"]

For TensorFlow Lite itself only this import changes:

    from ai_edge_litert.interpreter import Interpreter, load_delegate
"""

import argparse
import time

import numpy as np
from PIL import Image

from mobilenet_c import Interpreter, load_delegate


def arguments():
    parser = argparse.ArgumentParser(description="Prints the five best classes of a photo.")
    parser.add_argument("-m", "--model_file", required=True, help="the .tflite model")
    parser.add_argument("-i", "--image", required=True, help="the photo")
    parser.add_argument("-l", "--label_file", help="names of the classes, one a line")
    parser.add_argument("--input_mean", type=float, default=127.5, help="of the pixels of float models [127.5]")
    parser.add_argument("--input_std", type=float, default=127.5, help="of the pixels of float models [127.5]")
    parser.add_argument("--num_threads", type=int, help="threads [1]")
    parser.add_argument("-e", "--ext_delegate", help="shared library of an external delegate")
    parser.add_argument("-o", "--ext_delegate_options", help='its options, "key: value; key: value"')
    return parser.parse_args()


def delegates(args):
    if args.ext_delegate is None:
        return None
    pairs = (pair.split(":", 1) for pair in (args.ext_delegate_options or "").split(";") if pair.strip())
    return [load_delegate(args.ext_delegate, {key.strip(): value.strip() for key, value in pairs})]


def input_of(details, image, args):
    """The photo as the model's input: float, uint8, or int8."""
    _, height, width, _ = details["shape"]
    pixels = np.asarray(Image.open(image).convert("RGB").resize((width, height)))[np.newaxis]
    if details["dtype"] == np.float32:
        return (np.float32(pixels) - args.input_mean) / args.input_std
    if details["dtype"] == np.int8:
        return (pixels.astype(np.int16) - 128).astype(np.int8)
    return pixels


def main():
    args = arguments()
    interpreter = Interpreter(
        model_path=args.model_file, experimental_delegates=delegates(args), num_threads=args.num_threads
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    answer = interpreter.get_output_details()[0]
    interpreter.set_tensor(source["index"], input_of(source, args.image, args))
    start = time.perf_counter()
    interpreter.invoke()
    stop = time.perf_counter()

    scores = np.squeeze(interpreter.get_tensor(answer["index"])).astype(np.float32)
    scale, zero_point = answer["quantization"]
    if scale > 0:
        scores = scale * (scores - zero_point)
    labels = None
    if args.label_file:
        with open(args.label_file, encoding="utf-8") as lines:
            labels = [line.strip() for line in lines]
    for index in np.argsort(-scores, kind="stable")[:5]:
        print(f"{scores[index]:08.6f}: {labels[index] if labels else index}")
    print(f"time: {1000 * (stop - start):.3f}ms")


if __name__ == "__main__":
    main()
