#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""libmobilenet_delegate.so in a stock interpreter of TensorFlow Lite: ai-edge-litert, or tflite-runtime where that is
what this Python has. Every byte is compared with the interpreter's own reference kernels: vectors of tests/golden, and
models over photos or noise; with several threads, several interpreters at once, inputs of other sizes, operators that the
library does not have; and what is made is freed.

Integer outputs must be equal, float outputs within 1e-5 of the largest. Exit status 1 on any difference."""

import argparse
import glob
import os
import struct
import sys
import threading

import numpy as np

try:
    from ai_edge_litert import interpreter as tflite
except ImportError:
    from tflite_runtime import interpreter as tflite

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DTYPES = (None, np.float32, np.float16, np.int8, np.uint8, np.int32, np.int64, np.int16)  # by mn_type
REFERENCE = tflite.OpResolverType.BUILTIN_REF
TOLERANCE = 1e-5  # of float outputs
problems = []


def fail(sentence):
    problems.append(sentence)
    print("FAILED " + sentence, flush=True)


def reference(content, shape=None):
    return allocate(tflite.Interpreter(model_content=content, experimental_op_resolver_type=REFERENCE), shape)


def delegated(content, delegate, shape=None, **more):
    """Nothing else takes part: what the delegate leaves runs in reference kernels."""
    return allocate(tflite.Interpreter(model_content=content, experimental_delegates=[delegate],
                                       experimental_op_resolver_type=REFERENCE, **more), shape)


def allocate(interpreter, shape):
    if shape is not None:
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
    interpreter.allocate_tensors()
    return interpreter


def run(interpreter, inputs):
    for detail, value in zip(interpreter.get_input_details(), inputs):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def parts(interpreter):
    """How many parts the delegate runs."""
    return sum(op["op_name"] == "DELEGATE" for op in interpreter._get_ops_details())


def differs(expected, actual):
    if expected.shape != actual.shape or expected.dtype != actual.dtype:
        return "%s of %s instead of %s of %s" % (actual.shape, actual.dtype, expected.shape, expected.dtype)
    if expected.dtype != np.float32:
        return "%d of %d differ" % ((expected != actual).sum(), expected.size) if (expected != actual).any() else None
    finite = np.isfinite(expected)
    limit = TOLERANCE * np.max(np.abs(expected[finite]), initial=0)
    with np.errstate(invalid="ignore"):
        close = np.where(finite, np.abs(expected - actual) <= limit, (expected == actual) | np.isnan(expected))
    return None if close.all() else "%d of %d differ" % ((~close).sum(), expected.size)


def compare(name, expected, actual):
    for i, (e, a) in enumerate(zip(expected, actual)):
        sentence = differs(e, a)
        if sentence:
            fail("%s, output %d: %s" % (name, i, sentence))


def noise(interpreter, seed):
    """Random inputs of the interpreter's types."""
    rng = np.random.default_rng(seed)
    values = []
    for detail in interpreter.get_input_details():
        shape, dtype = detail["shape"], detail["dtype"]
        if dtype == np.float32:
            values.append(rng.uniform(-1, 1, shape).astype(dtype))
        else:
            limits = np.iinfo(dtype)
            values.append(rng.integers(limits.min, limits.max, shape, dtype, endpoint=True))
    return values


# ---- Golden vectors ----------------------------------------------------------------------------------------

def golden_records(path):
    """Yields (name, model, inputs and outputs)."""
    with open(path, "rb") as file:
        data = file.read()
    at = 16

    def take(count):
        nonlocal at
        piece = data[at:at + count]
        at += (count + 15) // 16 * 16
        return piece
    while at < len(data):
        name = take(48).rstrip(b"\0").decode()
        model_bytes, inputs, outputs, _ = struct.unpack("<4I", take(16))
        model = take(model_bytes)
        if not model:
            with open(os.path.join(os.path.dirname(path), name + ".tflite"), "rb") as file:
                model = file.read()
        arrays = []
        for _ in range(inputs + outputs):
            size, kind, _, _ = struct.unpack("<4I", take(16))
            arrays.append(np.frombuffer(take(size), DTYPES[kind]))
        yield name, model, arrays[:inputs], arrays[inputs:]


def golden(delegate, share):
    """Each `share`th vector: equal to the stored answer, and all of the model in one part."""
    ran = refused = 0
    records = [r for path in sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*.golden")))
               for r in golden_records(path)]
    for name, model, inputs, outputs in records[::share]:
        try:
            allocate(tflite.Interpreter(model_content=model, experimental_op_resolver_type=REFERENCE), None)
        except (RuntimeError, ValueError):
            refused += 1  # an operator's version that this interpreter is too old for
            continue
        interpreter = delegated(model, delegate)
        found = run(interpreter, [v.reshape(d["shape"]) for v, d in zip(inputs, interpreter.get_input_details())])
        compare(name, outputs, [f.reshape(o.shape) for f, o in zip(found, outputs)])
        if parts(interpreter) != 1:
            fail("%s: %d parts instead of one" % (name, parts(interpreter)))
        ran += 1
    print("golden vectors: %d equal, %d that this interpreter refuses" % (ran, refused), flush=True)
    if ran < len(records[::share]) // 2:
        fail("golden vectors: %d of %d ran" % (ran, len(records[::share])))


def operators(delegate, seed, count):
    """Random models of one operator or a few, as single_op.py has them; only where the package brings the schema."""
    try:
        import cases
    except ImportError:
        return
    ran = claimed = 0
    for number in range(count):
        label, kind, case = cases.make(seed, number)
        try:
            expected = run(reference(case.model), case.inputs)
            own = delegated(case.model, delegate)
        except (RuntimeError, ValueError):
            continue  # the interpreter's reference kernels refuse it
        compare("%s %s, case %d of seed %d" % (label, kind, number, seed), expected, run(own, case.inputs))
        ran, claimed = ran + 1, claimed + (parts(own) == 1)
    print("random operators: %d, %d of them in one part" % (ran, claimed), flush=True)
    if claimed < ran * 0.95:
        fail("random operators: %d of %d in one part" % (claimed, ran))


# ---- Models ------------------------------------------------------------------------------------------------

def photo(path, detail):
    """RGB pixels as the model's input, for which they stand for [-1, 1]."""
    from PIL import Image
    _, height, width, _ = detail["shape"]
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB").resize((width, height)), np.uint8)[np.newaxis]
    if detail["dtype"] == np.uint8:
        return pixels
    if detail["dtype"] == np.int8:
        return (pixels.astype(np.int16) - 128).astype(np.int8)
    return (pixels / np.float32(127.5) - 1).astype(np.float32)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def model(delegate, path, photos):
    content = read(path)
    own, expected = delegated(content, delegate), reference(content)
    inputs = [[photo(p, own.get_input_details()[0])] for p in photos] or [noise(own, seed) for seed in range(3)]
    for value in inputs:
        compare(os.path.basename(path), run(expected, value), run(own, value))
    wanted = 3 if os.path.basename(path).startswith("cut_") else 1
    if parts(own) != wanted:
        fail("%s: %d parts instead of %d" % (path, parts(own), wanted))
    print("%s: %d inputs, %d parts" % (os.path.basename(path), len(inputs), parts(own)), flush=True)


def resized(delegate, path):
    """Inputs of other sizes, also after the first runs, and a batch."""
    content = read(path)
    own = delegated(content, delegate)
    index, shape = own.get_input_details()[0]["index"], list(own.get_input_details()[0]["shape"])
    for size in ([1, 56, 48, 3], [3, 24, 24, 3], shape):
        own.resize_tensor_input(index, size)
        own.allocate_tensors()
        expected = reference(content, size)
        value = noise(expected, 7)
        compare("%s at %s" % (os.path.basename(path), size), run(expected, value), run(own, value))
        compare("%s again" % os.path.basename(path), run(expected, value), run(own, value))


def at_once(library, path, rounds):
    """Several interpreters on threads of their own, two of them with one delegate."""
    content = read(path)
    shared = tflite.load_delegate(library, {"num_threads": "2"})
    own = [delegated(content, d) for d in (shared, shared, tflite.load_delegate(library))]
    expected = [(noise(own[0], seed), run(reference(content), noise(own[0], seed))) for seed in range(4)]

    def work(place):
        for k in range(rounds):
            value, wanted = expected[(k + place) % len(expected)]
            compare("interpreter %d of 3" % place, wanted, run(own[place], value))
    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(own))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def made_and_freed(library, path, rounds):
    """Memory no longer grows: one packed model left behind in each round would be seen."""
    content = read(path)

    def once():
        interpreter = delegated(content, tflite.load_delegate(library, {"num_threads": "2"}))
        interpreter.invoke()
    for _ in range(rounds):
        once()
    before = resident()
    for _ in range(rounds):
        once()
    grown = (resident() - before) / rounds
    print("made and freed %d times: %.0f bytes a time" % (2 * rounds, grown), flush=True)
    if grown > 8192:
        fail("made and freed: %.0f bytes stay each time" % grown)


def refuses(library, options, part):
    try:
        tflite.load_delegate(library, options)
        fail("options %s are taken" % options)
    except ValueError as reason:
        if part not in str(reason):
            fail("options %s are refused with '%s', which lacks '%s'" % (options, reason, part))


def options(library, path):
    refuses(library, {"num_thread": "2"}, "'num_thread' is not known; there are num_threads, cpu and verbose")
    refuses(library, {"num_threads": "0"}, "use 1 to 256, or -1")
    refuses(library, {"num_threads": "many"}, "option num_threads is 'many'")
    refuses(library, {"cpu": "abacus"}, "option cpu")
    refuses(library, {"verbose": "2"}, "option verbose is '2'")
    content = read(path)
    for chosen in ({"cpu": "ref"}, {"num_threads": "-1"}, {"num_threads": "3", "verbose": "1"}):
        own = delegated(content, tflite.load_delegate(library, chosen))
        compare("with %s" % chosen, run(reference(content), noise(own, 3)), run(own, noise(own, 3)))


def find_photos(folder, count):
    """Up to `count`, spread evenly over the folder and those in it."""
    found = sorted(os.path.join(place, n) for place, _, names in os.walk(folder) for n in names
                   if n.lower().endswith((".jpg", ".jpeg", ".png")))
    count = min(count, len(found))
    return [found[i * len(found) // count] for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--library", required=True, help="libmobilenet_delegate.so")
    parser.add_argument("--models", required=True, help="folder that delegate_models.py has filled")
    parser.add_argument("--photo-models", nargs="*", default=[], help="files to compare over photos")
    parser.add_argument("--images", default=os.path.join(os.path.dirname(ROOT), "shared", "images", "imagenet"))
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="fewer vectors and repetitions")
    chosen = parser.parse_args()
    print("interpreter: %s" % tflite.__name__.split(".")[0])
    delegate = tflite.load_delegate(chosen.library)
    golden(delegate, 6 if chosen.quick else 1)
    operators(delegate, 20261129, 150 if chosen.quick else 4000)
    small = os.path.join(chosen.models, "small_int8.tflite")
    for path in sorted(glob.glob(os.path.join(chosen.models, "*.tflite"))):
        model(delegate, path, [])
    for name in ("small_int8", "small_float32", "cut_int8"):
        resized(delegate, os.path.join(chosen.models, name + ".tflite"))
    at_once(chosen.library, small, 30 if chosen.quick else 300)
    made_and_freed(chosen.library, small, 30 if chosen.quick else 300)
    options(chosen.library, small)
    photos = find_photos(chosen.images, chosen.photos) if chosen.photo_models else []
    if chosen.photo_models and not photos:
        print("left out: photos, none in %s; noise instead" % chosen.images)
    for path in chosen.photo_models:
        model(delegate, path, photos)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
