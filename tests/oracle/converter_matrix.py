#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What TensorFlow's converter makes of small classifiers, in every form it offers: which files this library takes, and
whether it computes what LiteRT's reference kernels compute. Integers must be identical, floats within 1e-5 of the
largest magnitude; dynamic-range models on the `ref` tier, since a last bit of a float may move an activation by a step
of its 8 bits. Exit status 1 on any difference.

    converter_matrix.py [--quick] [--only TEXT] [--kind TEXT] [--files DIR] [--refusals-fail]

With --files DIR converted models are kept there and used again."""

import argparse
import collections
import functools
import os
import re
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np

import engines
import tflite_file

PICTURES = 3
QUICK_MODELS = ["two heads", "squeeze and excite"]
QUICK_KINDS = ["float", "dynamic range", "int8, uint8 ends", "16x8"]
FAST_HYBRID_TOLERANCE = 5e-2  # of the largest magnitude: a few steps of 8-bit activations
WIDE = "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8"


def full_integer(ends=None, wide=False):
    def settle(tf, converter, representative):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = representative
        converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, WIDE if wide else "TFLITE_BUILTINS_INT8")]
        if ends:
            converter.inference_input_type = converter.inference_output_type = getattr(tf, ends)
    return settle


def with_setting(settle, **settings):
    def both(tf, converter, representative):
        settle(tf, converter, representative)
        for name, value in settings.items():
            if not hasattr(converter, name):
                raise AttributeError("the converter has no %s" % name)
            setattr(converter, name, value)
    return both


def half(tf, converter, _):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def dynamic(tf, converter, _):
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def fallback(tf, converter, representative):
    """What most recipes write: integers where there are, floats elsewhere."""
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative


KINDS = {
    "float": lambda tf, converter, representative: None,
    "float16": half,
    "dynamic range": dynamic,
    "dynamic range, per tensor": with_setting(dynamic, _experimental_disable_per_channel=True),
    "dynamic range, old quantizer": with_setting(dynamic, experimental_new_dynamic_range_quantizer=False),
    "int8 with fallback": fallback,
    "int8": full_integer(),
    "int8, int8 ends": full_integer("int8"),
    "int8, uint8 ends": full_integer("uint8"),
    "int8, per tensor": with_setting(full_integer("int8"), _experimental_disable_per_channel=True),
    "int8, old quantizer": with_setting(full_integer("int8"), experimental_new_quantizer=False),
    "16x8": full_integer(wide=True),
    "16x8, int16 ends": full_integer("int16", wide=True),
}


@functools.lru_cache(maxsize=1)
def saved(name):
    """The folder of a SavedModel, which from_keras_model() makes of Keras 3, too. It goes when the next one comes."""
    import converter_models as models
    folder = tempfile.TemporaryDirectory()
    models.build(name).export(folder.name, format="tf_saved_model", verbose=False)
    return folder


def convert(tf, name, kind):
    """The file, or a sentence why there is none."""
    import converter_models as models
    converter = tf.lite.TFLiteConverter.from_saved_model(saved(name).name)
    samples = models.pictures(name, 4)

    def representative():
        for sample in samples:
            yield [sample[np.newaxis]]

    try:
        KINDS[kind](tf, converter, representative)
        return converter.convert(), None
    except Exception as reason:  # the converter raises whatever its passes say
        return None, re.sub(r"\s+", " ", str(reason))[:160]


def obtain(arguments, name, kind):
    """The file from the folder, or fresh."""
    path = None
    if arguments.files:
        os.makedirs(arguments.files, exist_ok=True)
        path = os.path.join(arguments.files, re.sub(r"\W+", "_", name + "--" + kind) + ".tflite")
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read(), None
    import tensorflow as tf  # only where something must be converted: it takes seconds
    file, problem = convert(tf, name, kind)
    if path and file:
        with open(path, "wb") as out:
            out.write(file)
    return file, problem


def stored(picture, detail):
    """A picture as the model's input takes it."""
    scale, zero = detail["quantization"]
    picture = picture.reshape([1] + list(picture.shape))
    if np.issubdtype(detail["dtype"], np.floating):
        return picture.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.round(picture / scale) + zero, limits.min, limits.max).astype(detail["dtype"])


def mended(file):
    """Float activations beside depthwise weights of one scale make LiteRT read scales behind the first, which are not
    there (EvalHybridPerChannel in depthwise_conv.cc): the same model with that scale written for each channel."""
    schema = tflite_file.schema
    model = tflite_file.unpack(file)
    changed = False
    for operator in model.subgraphs[0].operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode != schema.BuiltinOperator.DEPTHWISE_CONV_2D:
            continue
        source, weights = (model.subgraphs[0].tensors[operator.inputs[i]] for i in range(2))
        if source.type != schema.TensorType.FLOAT32 or weights.type != schema.TensorType.INT8:
            continue
        quant, channels = weights.quantization, int(weights.shape[3])
        if len(quant.scale) == 1:
            quant.scale, quant.zeroPoint = [float(quant.scale[0])] * channels, [0] * channels
            quant.quantizedDimension = 3
            changed = True
    return tflite_file.pack(model) if changed else file


def compare(lib, file, pictures, is_hybrid):
    """(verdict, sentence)."""
    try:
        interpreter = engines.litert(mended(file) if is_hybrid else file)
    except (RuntimeError, ValueError) as reason:
        return "LiteRT refuses", str(reason).splitlines()[0][:100]
    try:
        model = engines.Model(lib, file)
    except engines.Refused as reason:
        return "refused", str(reason)
    detail = interpreter.get_input_details()[0]
    try:
        for tier in (None, "ref"):
            try:
                session = engines.Session(model, tier, 1)
            except engines.Refused as reason:
                return "refused", str(reason)
            tolerance = FAST_HYBRID_TOLERANCE if is_hybrid and tier is None else engines.FLOAT_TOLERANCE
            try:
                for i, picture in enumerate(pictures):
                    value = stored(picture, detail)
                    expected = engines.litert_run(interpreter, [value])
                    for output, (e, a) in enumerate(zip(expected, session.run([value]))):
                        problem = engines.difference(e, a, tolerance)
                        if problem:
                            return "DIFFERENT", "picture %d, output %d, tier %s: %s" % (i, output, tier, problem)
            finally:
                session.close()
    finally:
        model.close()
    return "same", None


LETTERS = {"same": "=", "refused": "r", "DIFFERENT": "X", "LiteRT refuses": "l", "not converted": "-"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="two models in four forms")
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--kind", help="this form alone")
    parser.add_argument("--files", metavar="DIR", help="keep converted models here, and use those that are there")
    parser.add_argument("--refusals-fail", action="store_true", help="exit status 1 for a refused model, too")
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    lib = engines.library(arguments.library)
    import converter_models as models
    names = QUICK_MODELS if arguments.quick else [n for n in models.MODELS if arguments.only in n]
    kinds = [arguments.kind] if arguments.kind else QUICK_KINDS if arguments.quick else list(KINDS)
    counts, sentences = collections.Counter(), []
    for i, kind in enumerate(kinds):
        print("%s%s" % ("| " * i, kind))
    for name in names:
        row = ""
        for kind in kinds:
            file, problem = obtain(arguments, name, kind)
            verdict = "not converted"
            if file:
                verdict, problem = compare(lib, file, models.pictures(name, PICTURES, 7), kind.startswith("dynamic"))
            counts[verdict] += 1
            row += LETTERS[verdict] + " "
            if problem:
                sentences.append("%s, %s: %s: %s" % (name, kind, verdict, problem))
        print("%s %s" % (row, name), flush=True)
    print("\n= same, r refused by this library, l refused by LiteRT, - not converted, X different")
    for sentence in sentences:
        print(sentence)
    print("total: " + ", ".join("%d %s" % (n, verdict) for verdict, n in counts.most_common()))
    return 1 if counts["DIFFERENT"] or (arguments.refusals_fail and counts["refused"]) else 0


if __name__ == "__main__":
    sys.exit(main())
