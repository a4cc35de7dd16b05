# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Converts files written by real Keras (3, and 2 where tf-keras is installed) and compares what the converted models
compute with Keras' own predictions and with LiteRT. Then loads weights that `mobilenet train` wrote in Keras, which
must score pictures as the model converted from them does, and converts the official weights where they are in reach.

    keras_convert.py [--quick] [--keep DIR] [--only TEXT]
"""

import argparse
import glob
import os
import subprocess
import sys
import tempfile
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import h5py
import keras
import numpy as np

import engines
import keras_recipes

try:
    import tf_keras
except ImportError:
    tf_keras = None

BUILD = os.environ.get("MN_BUILD") or os.path.join(engines.ROOT, "build")
COMMAND = os.environ.get("MOBILENET_COMMAND") or os.path.join(BUILD, "mobilenet")
SHARED = os.path.join(engines.ROOT, "..", "shared")
# Of the largest magnitude. Dozens of layers of random weights amplify rounding: outputs of Keras, LiteRT and this library
# were up to 3e-5 from those of Keras in float64. A fifth more of one batch norm's epsilon moves them by 6e-5 to 0.5.
TOLERANCE = 1e-4
LEAST_SPREAD = 1e-3  # over the pictures, of the largest magnitude: with less, a network tests little
WRITTEN_TOLERANCE = 1e-5  # of probabilities
SHIPPED = os.path.join(engines.ROOT, "models", "signs_0.35_96.h5")
SIGNS = os.path.join(engines.ROOT, "models", "signs")
PHOTOS = 2


# ---- Models ---------------------------------------------------------------------------------------------------------

def application(K, width=0.35, size=96, **settings):
    shape = size if isinstance(size, tuple) else (size, size)
    return K.applications.MobileNetV2(weights=None, alpha=width, input_shape=shape + (3,), **settings)


def base_of(K, width=0.35, size=96, **settings):
    return application(K, width, size, include_top=False, **settings)


def head(K, x, classes=5, activation="softmax"):
    x = K.layers.GlobalAveragePooling2D()(x)
    x = K.layers.Dropout(0.2)(x)
    return K.layers.Dense(classes, activation=activation)(x)


def sequential(K):
    """The base as one layer of a Sequential model, pixels rescaled by a layer."""
    return K.Sequential([
        K.layers.InputLayer(shape=(96, 96, 3)) if K is keras else K.layers.InputLayer(input_shape=(96, 96, 3)),
        K.layers.RandomFlip("horizontal"),
        K.layers.Rescaling(1 / 127.5, offset=-1),
        base_of(K),
        K.layers.GlobalAveragePooling2D(),
        K.layers.Dropout(0.2),
        K.layers.Dense(5, activation="softmax"),
    ])


def functional(K, frozen=0):
    """The guide's transfer learning: augmentation, preprocess_input, a base frozen up to a layer, scores."""
    augmentation = K.Sequential([K.layers.RandomFlip("horizontal"), K.layers.RandomRotation(0.2)], name="augmentation")
    x = inputs = K.Input((96, 96, 3))
    x = augmentation(x)
    x = K.applications.mobilenet_v2.preprocess_input(x)
    base = base_of(K)
    for layer in base.layers[:frozen]:
        layer.trainable = False
    if frozen < 0:
        base.trainable = False
    x = base(x, training=False)
    return K.Model(inputs, head(K, x, activation=None))


def flat(K):
    """A head grown on the base's own layers, with a hidden layer, batch norm in it, and a Softmax layer."""
    base = base_of(K, pooling="avg")
    x = K.layers.Dense(24, use_bias=False)(base.output)
    x = K.layers.BatchNormalization(scale=False)(x)
    x = K.layers.Activation("relu")(x)
    x = K.layers.Dense(3)(x)
    return K.Model(base.input, K.layers.Softmax()(x))


def flattened(K):
    """Pooling by a window, Flatten, two dense layers: an old recipe."""
    base = base_of(K)
    x = K.layers.AveragePooling2D(pool_size=(3, 3))(base.output)
    x = K.layers.Flatten(name="flatten")(x)
    x = K.layers.Dense(16, activation="relu")(x)
    x = K.layers.Dropout(0.5)(x)
    return K.Model(base.input, K.layers.Dense(2, activation="softmax")(x))


def in_a_model(K):
    """A model in a model in a model, and layers that share names."""
    inner = K.Sequential([K.Input((96, 96, 3)), K.layers.Rescaling(1 / 255.0), base_of(K)], name="inner")
    classifier = K.Sequential([K.Input((3, 3, 1280)), K.layers.GlobalAveragePooling2D(), K.layers.Dense(9),
                               K.layers.Activation("softmax", name="Conv1_relu")], name="classifier")
    inputs = K.Input((96, 96, 3))
    x = K.layers.Rescaling(2.0, offset=-1.0)(K.layers.Rescaling(1.0)(inputs))
    return K.Model(inputs, classifier(inner(x)))


def open_size(K):
    """The input's size is left open; 224 is chosen."""
    return K.applications.MobileNetV2(weights=None, alpha=0.35, input_shape=None, include_top=False, pooling="avg")


def pictures(random, count, shape, low, high):
    """Noise of different contrast over different colours, or one picture would be like the other."""
    colour = random.uniform(0.2, 0.8, (count, 1, 1, shape[-1]))
    contrast = random.uniform(0.1, 1.0, (count, 1, 1, 1))
    noise = random.uniform(-0.5, 0.5, (count,) + tuple(shape))
    return (low + (high - low) * np.clip(colour + contrast * noise, 0, 1)).astype(np.float32)


def settle(K, model, random, pictures):
    """Random batch-norm parameters near what each layer really sees, in the order of the network: with what another one
    sees, values would grow or fade from layer to layer, and with them the rounding of floats."""
    norm = K.layers.BatchNormalization
    call = norm.call

    def settled(layer, inputs, **_):
        seen = np.asarray(inputs).reshape(-1, inputs.shape[-1])
        channels = seen.shape[-1:]
        mean, variance = seen.mean(0), seen.var(0)
        values = {"gamma": random.uniform(0.7, 1.4, channels), "beta": random.normal(0, 0.2, channels),
                  "moving_mean": mean + random.normal(0, 0.2, channels) * np.sqrt(variance),
                  "moving_variance": variance * random.uniform(0.7, 1.4, channels)}
        for name, value in values.items():
            if getattr(layer, name) is not None:
                getattr(layer, name).assign(value)
        return call(layer, inputs, training=False)

    with mock.patch.object(norm, "call", settled):
        model(pictures)


# ---- Files ----------------------------------------------------------------------------------------------------------

def save_whole_h5(K, model, stem):
    model.save(stem + ".h5")
    return stem + ".h5"


def save_archive(K, model, stem):
    model.save(stem + ".keras")
    return stem + ".keras"


def save_v3_weights(K, model, stem):
    model.save_weights(stem + ".weights.h5")
    return stem + ".weights.h5"


def save_v2_weights(K, model, stem):
    """Keras applications' layout: what keras 2 writes, and keras 3 still can."""
    path = stem + "_bare.h5"
    if K is keras:
        from keras.src.legacy.saving import legacy_h5_format
        with h5py.File(path, "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)
    else:
        model.save_weights(path)
    return path


def rewrite(path, convert=None, split=0, rename=None):
    """The same weights in Keras 2's layout with other element types, lists split over attributes, other names."""
    out = path[:-3] + "_rewritten.h5"
    with h5py.File(path) as old, h5py.File(out, "w") as new:
        names = [n.decode() if isinstance(n, bytes) else n for n in old.attrs["layer_names"]]
        groups = []
        for number, name in enumerate(names):
            group = new.create_group(rename(number) if rename else name)
            groups.append(group.name[1:])
            weights = [n.decode() if isinstance(n, bytes) else n for n in old[name].attrs["weight_names"]]
            stored = []
            for place, weight in enumerate(weights):
                value = old[name][weight][()]
                target = "w%d" % place if rename else weight
                options = convert(group, target, value) if convert else None
                if options is None:
                    group[target] = value
                stored.append(target.encode())
            group.attrs["weight_names"] = stored if stored else np.array([], "S1")
        if split:
            for part in range(0, len(groups), split):
                new.attrs["layer_names%d" % (part // split)] = [g.encode() for g in groups[part:part + split]]
        else:
            new.attrs["layer_names"] = [g.encode() for g in groups]
    return out


def store_as(dtype, **options):
    def store(group, name, value):
        group.create_dataset(name, data=value.astype(dtype), **options)
        return True
    return store


# ---- Comparing ------------------------------------------------------------------------------------------------------

class Failure(Exception):
    pass


def convert(path, *options):
    out = path + ".tflite"
    done = subprocess.run([COMMAND, "convert", path, "-o", out, "--no-card", *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure("mobilenet convert: %s" % done.stderr.strip())
    with open(out, "rb") as file:
        data = file.read()
    again = path + ".again.tflite"
    subprocess.run([COMMAND, "convert", path, "-o", again, "--no-card", *options], capture_output=True, check=True)
    with open(again, "rb") as file:
        if file.read() != data:
            raise Failure("converting twice gives different bytes")
    os.unlink(again)
    os.unlink(out)
    return data


def distance(got, expected):
    if got.shape != expected.shape:
        raise Failure("shape %s instead of %s" % (got.shape, expected.shape))
    return float(np.max(np.abs(got - expected)) / np.max(np.abs(expected)))


def predicted(model, inputs):
    """Keras' outputs."""
    outputs = model.predict(inputs, verbose=0)
    outputs = [np.asarray(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
    if any(np.max(np.std(o, axis=0)) < LEAST_SPREAD * np.max(np.abs(o)) for o in outputs):
        raise Failure("the outputs hardly depend on the input: no test")
    return outputs


def check(lib, data, inputs, expected):
    """Our largest distances from Keras, whose outputs are `expected`, and from LiteRT."""
    ours = engines.Model(lib, data)
    session = engines.Session(ours)
    litert = engines.litert(data, keep_tensors=False)
    signature = litert.get_signature_list()
    if list(signature) != ["serving_default"] or len(signature["serving_default"]["inputs"]) != 1:
        raise Failure("signatures %s" % signature)
    worst = [0.0, 0.0]
    for number, picture in enumerate(inputs):
        ours_now, litert_now = session.run([picture[None]]), engines.litert_run(litert, [picture[None]])
        if len(ours_now) != len(expected):
            raise Failure("%d outputs instead of %d" % (len(ours_now), len(expected)))
        for got, want, also in zip(ours_now, expected, litert_now):
            worst[0] = max(worst[0], distance(got, want[number][None]))
            worst[1] = max(worst[1], distance(got, also))
    session.close()
    ours.close()
    if max(worst) > TOLERANCE:
        raise Failure("%.2g away from Keras, %.2g from LiteRT" % tuple(worst))
    return worst


CASES = []


def case(name, build, saves, pixels=1.0, options=(), half=False, quick=False):
    """`pixels`: the inputs are drawn from [-1, 1] when 1, from [0, pixels] otherwise. `half`: every weight is a
    float16 number."""
    CASES.append((name, build, saves, pixels, options, half, quick))


WHOLE = [save_whole_h5, save_archive]
BARE = [save_v3_weights, save_v2_weights]
ALL = WHOLE + BARE


def define_cases():
    def app(**settings):
        return lambda K: application(K, **settings)

    case("application 0.35 96, 10 classes", app(classes=10), WHOLE, quick=True)
    case("application 0.35 96 weights", app(classes=10), [save_v3_weights, save_v2_weights], options=("--size", "96"),
         quick=True)
    case("application 0.5 128, scores", app(width=0.5, size=128, classes=7, classifier_activation=None), WHOLE)
    case("application 0.5 128 weights, scores", app(width=0.5, size=128, classes=7, classifier_activation=None),
         [save_v3_weights, save_v2_weights], options=("--size", "128", "--scores"))
    case("application 0.75 160", app(width=0.75, size=160, classes=20), WHOLE)
    case("application 1.0 224, 1000 classes", app(width=1.0, size=224), ALL)
    case("application 1.3 97, odd", app(width=1.3, size=97, classes=4), WHOLE)
    case("application 1.4 64x96, scores", app(width=1.4, size=(64, 96), classes=4, classifier_activation=None), WHOLE)
    case("application 0.62 96 weights", app(width=0.62, classes=3), [save_v3_weights, save_v2_weights],
         options=("--size", "96"))
    case("application 2.0 32 weights", app(width=2.0, size=32, classes=2), [save_v2_weights], options=("--size", "32"))
    case("no top 0.35 96", lambda K: base_of(K), WHOLE)
    case("no top 0.35 96 weights", lambda K: base_of(K), [save_v3_weights, save_v2_weights], options=("--size", "96"),
         quick=True)
    case("open input size", open_size, WHOLE)
    case("sequential, rescaling", sequential, WHOLE, pixels=255.0, quick=True)
    case("functional, base frozen", lambda K: functional(K, -1), WHOLE, pixels=255.0, quick=True)
    case("functional, base half frozen", lambda K: functional(K, 100), WHOLE, pixels=255.0)
    case("functional, base trainable", functional, WHOLE, pixels=255.0)
    case("flat head with batch norm", flat, WHOLE, quick=True)
    case("window pooling and flatten", flattened, WHOLE)
    case("models in models", in_a_model, WHOLE, pixels=1.000001)

    small = lambda K: application(K, classes=10)
    for name, settings in [
            ("float16", dict(convert=store_as("<f2"))), ("float64", dict(convert=store_as("<f8"))),
            ("big-endian", dict(convert=store_as(">f4"))),
            ("gzip", dict(convert=store_as("<f4", compression="gzip", shuffle=True))),
            ("split lists", dict(split=17)), ("unknown names", dict(rename=lambda n: "group%03d" % n))]:
        def save(K, model, stem, settings=settings):
            return rewrite(save_v2_weights(K, model, stem), **settings)
        case("weights as " + name, small, [save], options=("--size", "96"), half=name == "float16")
    case("weights of a nested, half frozen base", lambda K: functional_without_preprocessing(K), [save_v2_weights],
         options=("--size", "96", "--scores"))


def define_recipes(K):
    """V1 and V3, and heads beyond pooling and softmax."""
    r = keras_recipes
    for name, build in r.heads(K):
        pixels = 255.0 if name.startswith("v3") else 1.0
        case("head " + name, build, WHOLE, pixels=pixels, quick=name in ("binary", "two heads"))
    for values in ("adapted", "given", "scalar"):
        case("normalization " + values, lambda K, v=values: r.normalized(K, v), WHOLE, pixels=255.0)
    case("rescaling by channel", r.torch_like, WHOLE, pixels=255.0)
    for size, way in ((64, "bilinear"), (130, "bilinear"), (48, "nearest")):
        case("resizing %d %s" % (size, way), lambda K, s=size, w=way: r.resized(K, s, w), WHOLE, pixels=255.0)
    for width in (0.25, 0.5, 0.75, 1.0):
        case("v1 %g" % width, lambda K, w=width: r.v1(K, w, classes=7), WHOLE, quick=width == 0.25)
        case("v1 %g weights" % width, lambda K, w=width: r.v1(K, w, classes=7), BARE, options=("--size", "96"))
    case("v1 binary weights", lambda K: r.v1(K, classes=1, classifier_activation="sigmoid"), BARE,
         options=("--size", "96"))
    case("v1 no top weights", lambda K: r.base_of(K, "v1"), BARE, options=("--size", "96"))
    case("v1 97, odd", lambda K: r.v1(K, size=97, classes=3), WHOLE)
    case("v1 dense head weights", lambda K: r.on(K, r.pooled, "v1"), BARE, options=("--size", "96"))
    for kind in ("Small", "Large"):
        for width, few in ((0.75, False), (1.0, False), (1.0, True), (1.5, False)):
            settings = dict(kind=kind, width=width, minimalistic=few, classes=7, classifier_activation=None)
            name = "v3 %s %g%s" % (kind.lower(), width, " minimalistic" if few else "")
            case(name, lambda K, s=settings: r.v3(K, **s), WHOLE, pixels=255.0,
                 quick=kind == "Small" and width == 0.75)
            case(name + " weights", lambda K, s=settings: r.v3(K, include_preprocessing=False, **s), BARE,
                 options=("--size", "96", "--scores"))
    case("v3 no top weights", lambda K: r.base_of(K, "v3", include_preprocessing=False), BARE,
         options=("--size", "96"))
    case("v3 97, odd", lambda K: r.v3(K, size=97, classes=3), WHOLE, pixels=255.0)
    case("v3 dense head weights", lambda K: r.on(K, r.scores, "v3", include_preprocessing=False), BARE,
         options=("--size", "96", "--scores"))
    case("v2 binary weights", lambda K: r.on(K, r.binary), BARE, options=("--size", "96"))


def functional_without_preprocessing(K):
    """Weights alone cannot tell of preprocessing."""
    inputs = K.Input((96, 96, 3))
    base = base_of(K)
    for layer in base.layers[:100]:
        layer.trainable = False
    return K.Model(inputs, head(K, base(inputs), activation=None))


def run_case(lib, K, settings, folder):
    name, build, saves, pixels, options, half, _ = settings
    random = np.random.default_rng(len(name))
    K.utils.set_random_seed(len(name))
    K.backend.clear_session()
    model = build(K)
    shape = tuple(d or 224 for d in model.input_shape[1:])
    low = -1.0 if pixels == 1.0 else 0.0
    settle(K, model, random, pictures(random, 8, shape, low, pixels))
    inputs = pictures(random, PHOTOS, shape, low, pixels)
    if half:
        model.set_weights([np.float32(np.float16(w)) for w in model.get_weights()])
    try:
        expected = predicted(model, inputs)
    except Failure as failure:
        print("FAILED %s %s: %s: %s" % (K.__name__, K.__version__, name, failure))
        return len(saves), len(saves)
    failed = 0
    for save in saves:
        stem = os.path.join(folder, "%s-%s" % (K.__name__, "".join(c if c.isalnum() else "_" for c in name)))
        title = "%s %s: %s, %s" % (K.__name__, K.__version__, name, save.__name__)
        try:
            path = save(K, model, stem)
            worst = check(lib, convert(path, *options), inputs, expected)
            print("ok     %-90s keras %.1e litert %.1e" % (title, worst[0], worst[1]))
        except Failure as failure:
            print("FAILED %s: %s" % (title, failure))
            failed += 1
        sys.stdout.flush()
    return failed, len(saves)


# ---- Weights that we wrote -------------------------------------------------------------------------------------------

def sign_pictures():
    """One picture of each class, as inputs from -1 to 1."""
    from PIL import Image
    paths = sorted(glob.glob(os.path.join(SIGNS, "*", "*.jpg")))
    pixels = [np.asarray(Image.open(path).convert("RGB"), np.float32) for path in paths]
    return np.stack(pixels) / np.float32(127.5) - 1


def train_file(folder):
    """Weights after one epoch of `mobilenet train`, from the shipped ones and with the same classes."""
    out = os.path.join(folder, "trained.h5")
    done = subprocess.run([COMMAND, "train", "--data", SIGNS, "--init", SHIPPED, "--batch", "12", "--epochs", "1",
                           "--rate", "0.001", "--ema", "0", "--no-flip", "--threads", "2", "--out", out],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure("mobilenet train: %s" % done.stderr.strip())
    return out


def written_weights(lib, K, path, inputs):
    """Keras' probabilities for what we wrote, as the README of models/ loads it, against those of our float model."""
    title = "%s %s: loads %s" % (K.__name__, K.__version__, os.path.basename(path))
    try:
        K.backend.clear_session()
        model = application(K, classes=36)
        before = model.predict(inputs[:1], verbose=0)
        model.load_weights(path)
        expected = model.predict(inputs, verbose=0)
        if np.allclose(before, expected[:1], atol=1e-3):
            raise Failure("Keras loaded nothing")
        session = engines.Session(engines.Model(lib, convert(path, "--size", "96")))
        got = np.concatenate([session.run([picture[None]])[0] for picture in inputs])
        worst, right = float(np.max(np.abs(got - expected))), int(np.sum(expected.argmax(axis=1) == np.arange(36)))
        if worst > WRITTEN_TOLERANCE:
            raise Failure("a probability is %.2g away" % worst)
        print("ok     %-90s probabilities %.1e, %d of 36 right" % (title, worst, right))
        return 0
    except (Failure, OSError, ValueError) as failure:
        print("FAILED %s: %s" % (title, failure))
        return 1


def all_written(lib, kinds, folder):
    inputs = sign_pictures()
    try:
        paths = [SHIPPED, train_file(folder)]
    except Failure as failure:
        print("FAILED %s" % failure)
        return 1
    return sum(written_weights(lib, K, path, inputs) for K in kinds for path in paths)


# ---- The official weights -------------------------------------------------------------------------------------------

def official_weights(lib, folder):
    """Keras applications' own file, if it is in reach: our outputs, and those of Keras with the same weights."""
    path = os.path.join(SHARED, "models", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5")
    photo = os.path.join(SHARED, "images", "example_input.jpg")
    if not os.path.exists(path) or not os.path.exists(photo):
        print("SKIPPED official weights: they are not in ../shared")
        return 0
    from PIL import Image
    out = os.path.join(folder, "official.tflite")
    done = subprocess.run([COMMAND, "convert", path, "-o", out, "--no-card"], capture_output=True, text=True)
    if done.returncode != 0 or "3538984 parameters" not in done.stdout:
        print("FAILED official weights: %s%s" % (done.stdout, done.stderr))
        return 1
    picture = np.asarray(Image.open(photo).convert("RGB").resize((224, 224), Image.BICUBIC), np.float32)
    inputs = (picture / 127.5 - 1)[None]
    model = keras.applications.MobileNetV2(weights=None)
    model.load_weights(path)
    with open(out, "rb") as file:
        data = file.read()
    try:
        expected = model.predict(inputs, verbose=0)
        session = engines.Session(engines.Model(lib, data))
        got = session.run([inputs])[0]
        worst = distance(got, expected)
        boxer = 242
        if worst > TOLERANCE or got.argmax() != boxer:
            raise Failure("%.2g away from Keras, class %d" % (worst, got.argmax()))
        print("ok     official weights: boxer %.4f, keras %.1e" % (got[0, boxer], worst))
    except Failure as failure:
        print("FAILED official weights: %s" % failure)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a sample of the cases")
    parser.add_argument("--keep", help="keep the files in this folder")
    parser.add_argument("--only", default="", help="only cases with this text in their name; 'written': what we wrote")
    arguments = parser.parse_args()
    lib = engines.library()
    failed = total = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or scratch
        os.makedirs(folder, exist_ok=True)
        kinds = [keras] + ([tf_keras] if tf_keras else [])
        for K in kinds:
            CASES.clear()
            define_cases()
            define_recipes(K)
            for settings in CASES:
                if (arguments.quick and not settings[6]) or arguments.only not in settings[0]:
                    continue
                saves = settings[2]
                if K is tf_keras:
                    saves = [s for s in saves if s is not save_v3_weights]
                result = run_case(lib, K, settings[:2] + (saves,) + settings[3:], folder)
                failed += result[0]
                total += result[1]
        if "written" in arguments.only or not arguments.only:
            failed += all_written(lib, kinds, folder)
        if not arguments.only:
            failed += official_weights(lib, folder)
    if tf_keras is None:
        print("SKIPPED files of Keras 2: tf-keras is not installed")
    print("%d files converted and compared, %d failed" % (total, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
