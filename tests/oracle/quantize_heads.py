#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""MobileNetV3 and unusual heads, with random weights and the batch norm statistics of real passes: TensorFlow converts
each to float and to int8, `mobilenet quantize` makes an int8 model of the float one. The float model must compute what
LiteRT does, both int8 models must give BUILTIN_REF's bytes, and ours must be about as near to the float one as
TensorFlow's.

    quantize_heads.py [--quick]
"""

import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import OpResolverType
from keras import layers
from PIL import Image

import engines
import network

BUILD = os.environ.get("MN_BUILD") or os.path.join(engines.ROOT, "build")
COMMAND = os.environ.get("MOBILENET_COMMAND") or os.path.join(BUILD, "mobilenet")
SIZE = 96
CALIBRATION = 16
PICTURES = 8
MARGIN = 3  # dB that ours may be further from float than TensorFlow's


def v3(make, minimalistic):
    return make(input_shape=(SIZE, SIZE, 3), weights=None, classes=10, minimalistic=minimalistic, dropout_rate=0.0)


def head(build):
    """A few convolutions on pixels of 0..255, then what `build` makes of an 8x8x24 map."""
    x = given = layers.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    for channels in [8, 16, 24]:
        x = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU(6.0)(x)
    return keras.Model(given, build(x))


def dense(x, activation):
    return layers.Dense(6, activation=activation)(layers.GlobalAveragePooling2D()(x))


def squeeze_excite(x):
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="relu")(gate)
    gate = layers.Conv2D(24, 1, activation="sigmoid")(gate)
    return dense(layers.Multiply()([x, gate]), "softmax")


def activated(function):
    return lambda x: dense(function(layers.BatchNormalization()(layers.Conv2D(24, 3, padding="same")(x))), "softmax")


def gates(x):
    pooled = layers.GlobalAveragePooling2D()(x)
    return layers.Concatenate()([layers.Dense(4, activation="sigmoid")(pooled), layers.Dense(4, activation="tanh")(pooled),
                                 layers.Dense(4)(pooled)])


MODELS = [
    ("MobileNetV3 small", lambda: v3(keras.applications.MobileNetV3Small, False)),
    ("sigmoid", lambda: head(lambda x: dense(x, "sigmoid"))),
    ("squeeze-excite", lambda: head(squeeze_excite)),
    ("swish", lambda: head(activated(layers.Activation("silu")))),
    ("MobileNetV3 small, minimalistic", lambda: v3(keras.applications.MobileNetV3Small, True)),
    ("MobileNetV3 large", lambda: v3(keras.applications.MobileNetV3Large, False)),
    ("tanh", lambda: head(activated(layers.Activation("tanh")))),
    ("leaky ReLU", lambda: head(activated(layers.LeakyReLU(negative_slope=0.2)))),
    ("hard swish", lambda: head(activated(layers.Activation("hard_silu")))),
    ("hard sigmoid", lambda: head(activated(layers.Activation("hard_sigmoid")))),
    ("log softmax", lambda: head(lambda x: dense(x, "log_softmax"))),
    ("global maximum", lambda: head(lambda x: layers.Dense(6)(layers.GlobalMaxPooling2D()(x)))),
    ("sigmoid, tanh and scores", lambda: head(gates)),
]


def picture(seed):
    return np.round((network.picture(seed, [1, SIZE, SIZE, 3])[0] + 1) * 127.5).astype(np.float32)


def settle(model):
    """Batch norm statistics of a pass, and weights around the usual."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
            gamma, beta, *rest = layer.get_weights()
            layer.set_weights([random.uniform(0.5, 1.5, gamma.shape), random.normal(0, 0.4, beta.shape)] + rest)
    model(tf.constant(np.stack([picture(1000 + i) for i in range(CALIBRATION)])), training=True)


def convert(model, int8):
    given = keras.Input((SIZE, SIZE, 3), batch_size=1)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(given, model(given)))
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([picture(i)[None]] for i in range(CALIBRATION))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def quantise(data, folder):
    photos = os.path.join(folder, "photos")
    os.makedirs(photos, exist_ok=True)
    for i in range(CALIBRATION):
        Image.fromarray(picture(i).astype(np.uint8)).save(os.path.join(photos, "%02d.png" % i))
    paths = [os.path.join(folder, name) for name in ["float.tflite", "int8.tflite"]]
    with open(paths[0], "wb") as file:
        file.write(data)
    subprocess.run([COMMAND, "quantize", paths[0], "-o", paths[1], "--images", photos, "--input-range", "0,255",
                    "--jobs", "1"], check=True, stdout=subprocess.DEVNULL)
    with open(paths[1], "rb") as file:
        return file.read()


def real(values, detail):
    scale, zero = detail["quantization"]
    return values.astype(np.float64) if scale == 0 else scale * (values.astype(np.float64) - zero)


def run(lib, data, resolver, exact):
    """Outputs of both engines over the pictures; the first difference as a sentence, or None."""
    interpreter = engines.litert(data, False, resolver)
    session = engines.Session(engines.Model(lib, data))
    given, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for i in range(PICTURES):
        value = [network.stored(picture(500 + i)[None], given)]
        expected, actual = engines.litert_run(interpreter, value)[0], session.run(value)[0]
        problem = engines.difference(expected, actual, 0 if exact else 3e-5)
        if problem:
            return None, problem
        outputs.append(real(actual, result))
    return np.stack(outputs), None


def noise(exact, outputs):
    """Signal to noise in dB."""
    return 10 * np.log10(np.sum(exact ** 2) / max(np.sum((exact - outputs) ** 2), 1e-30))


def judge(lib, name, build, folder):
    keras.utils.set_random_seed(7)
    model = build()
    settle(model)
    floats = convert(model, False)
    exact, problem = run(lib, floats, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, False)
    if problem:
        return "float: " + problem
    found = {}
    for maker, data in [("TensorFlow", convert(model, True)), ("ours", quantise(floats, folder))]:
        outputs, problem = run(lib, data, OpResolverType.BUILTIN_REF, True)
        if problem:
            return "int8 of %s: %s" % (maker, problem)
        found[maker] = noise(exact, outputs)
    print("%-34s %5.1f dB, TensorFlow's %5.1f dB" % (name, found["ours"], found["TensorFlow"]), flush=True)
    if found["ours"] < found["TensorFlow"] - MARGIN:
        return "the int8 model is further from float than TensorFlow's"
    return None


def main():
    lib = engines.library()
    failures = 0
    for name, build in MODELS[:4] if "--quick" in sys.argv[1:] else MODELS:
        with tempfile.TemporaryDirectory() as folder:
            problem = judge(lib, name, build, folder)
        if problem:
            print("%s: %s" % (name, problem))
            failures += 1
    print("%d models differ" % failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
