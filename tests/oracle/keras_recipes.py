# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Models as people write them in Keras, for keras_convert.py. Each function takes Keras 3 or tf-keras as K."""

import keras

SIZE = 96


def shape_of(size):
    return (size if isinstance(size, tuple) else (size, size)) + (3,)


def v1(K, width=0.25, size=SIZE, **settings):
    return K.applications.MobileNet(weights=None, alpha=width, input_shape=shape_of(size), **settings)


def v2(K, width=0.35, size=SIZE, **settings):
    return K.applications.MobileNetV2(weights=None, alpha=width, input_shape=shape_of(size), **settings)


def v3(K, kind="Small", width=0.75, size=SIZE, **settings):
    make = getattr(K.applications, "MobileNetV3" + kind)
    return make(weights=None, alpha=width, input_shape=shape_of(size), **settings)


def base_of(K, family="v2", **settings):
    return {"v1": v1, "v2": v2, "v3": v3}[family](K, include_top=False, **settings)


# ---- Heads on a base ------------------------------------------------------------------------------------------------

def on(K, head, family="v2", **settings):
    """The base's own layers, with a head behind them."""
    base = base_of(K, family, **settings)
    return K.Model(base.input, head(K, base.output))


def nested(K, head, family="v2", before=(), **settings):
    """The base as one layer."""
    x = inputs = K.Input(shape_of(SIZE))
    for layer in before:
        x = layer(x)
    x = base_of(K, family, **settings)(x)
    return K.Model(inputs, head(K, x))


def pooled(K, x, classes=5, activation="softmax"):
    x = K.layers.GlobalAveragePooling2D()(x)
    x = K.layers.Dropout(0.2)(x)
    return K.layers.Dense(classes, activation=activation)(x)


def scores(K, x):
    return pooled(K, x, 5, None)


def binary(K, x):
    return pooled(K, x, 1, "sigmoid")


def multi_label(K, x):
    return pooled(K, x, 6, "sigmoid")


def binary_as_layer(K, x):
    return K.layers.Activation("sigmoid")(pooled(K, x, 1, None))


def two_heads(K, x):
    x = K.layers.GlobalAveragePooling2D()(x)
    kind = K.layers.Dense(4, activation="softmax", name="kind")(x)
    return [kind, K.layers.Dense(1, activation="sigmoid", name="blurred")(x)]


def three_heads(K, x):
    """One of them in the middle of the way to another."""
    x = K.layers.GlobalAveragePooling2D()(x)
    features = K.layers.Dense(7, activation="tanh")(x)
    return [features, K.layers.Dense(3)(features), K.layers.Dense(2, activation="softmax")(features)]


def max_pooled(K, x):
    return K.layers.Dense(5, activation="softmax")(K.layers.GlobalMaxPooling2D()(x))


def both_pooled(K, x):
    x = K.layers.Concatenate()([K.layers.GlobalAveragePooling2D()(x), K.layers.GlobalMaxPooling2D()(x)])
    return K.layers.Dense(5)(x)


def windows(K, x):
    x = K.layers.MaxPooling2D(2, strides=1, padding="same")(x)
    x = K.layers.AveragePooling2D((2, 3), strides=(1, 2), padding="same")(x)
    return K.layers.Dense(4)(K.layers.Flatten()(x))


def hidden(activation):
    """A hidden layer with this activation, given by name or as a function that makes a layer."""
    def head(K, x):
        x = K.layers.GlobalAveragePooling2D()(x)
        if isinstance(activation, str):
            x = K.layers.Dense(32, activation=activation)(x)
        else:
            x = activation(K)(K.layers.Dense(32)(x))
        return K.layers.Dense(4)(x)
    return head


def leaky(K):
    return K.layers.LeakyReLU(0.1)


def relu_with(**settings):
    return lambda K: K.layers.ReLU(**settings)


def prelu_map(K, x):
    x = K.layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_uniform")(K.layers.Conv2D(8, 1)(x))
    return pooled(K, x, 4, None)


def squeeze_excite(K, x, shape_first=True):
    channels = x.shape[-1]
    s = K.layers.GlobalAveragePooling2D()(x)
    if shape_first:
        s = K.layers.Reshape((1, 1, channels))(s)
    s = K.layers.Dense(16, activation="relu")(s)
    s = K.layers.Dense(channels, activation="sigmoid")(s)
    if not shape_first:
        s = K.layers.Reshape((1, 1, -1))(s)
    return pooled(K, K.layers.Multiply()([x, s]), 4, None)


def squeeze_excite_last(K, x):
    return squeeze_excite(K, x, False)


def hard_gate(K, x):
    s = K.layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = K.layers.Conv2D(x.shape[-1], 1, activation="hard_sigmoid")(s)
    return pooled(K, K.layers.multiply([s, x]), 4, None)


def separable(K, x):
    x = K.layers.SeparableConv2D(24, 3, padding="same", depth_multiplier=2, activation="relu")(x)
    return pooled(K, x, 4, None)


def aspp(K, x):
    """Dilated branches, and the pooled one upsampled again."""
    x = K.layers.Conv2D(16, 1)(x)
    branches = [K.layers.Conv2D(8, 3, padding="same", dilation_rate=r)(x) for r in (1, 2)]
    branches.append(K.layers.DepthwiseConv2D(3, padding="same", dilation_rate=2, depth_multiplier=2)(x))
    s = K.layers.AveragePooling2D(x.shape[1])(x)
    branches.append(K.layers.UpSampling2D(x.shape[1], interpolation="bilinear")(s))
    return pooled(K, K.layers.Concatenate()(branches), 4, None)


def rectangles(K, x):
    x = K.layers.Conv2D(8, (3, 1), strides=(2, 1), padding="same")(x)
    return pooled(K, K.layers.Conv2D(12, (1, 2), groups=4)(x), 4, None)


def residual(K, x):
    a = K.layers.Conv2D(8, 1)(x)
    b = K.layers.Conv2D(8, 1)(x)
    c = K.layers.Subtract()([a, b])
    x = K.layers.Average()([a, b, K.layers.add([a, b, c])])
    return pooled(K, x, 4, None)


def unit(K, x):
    return K.layers.UnitNormalization()(K.layers.Dense(12)(K.layers.GlobalAveragePooling2D()(x)))


def fully_convolutional(K, x):
    """A map of scores at each place."""
    return K.layers.Dense(3, activation="softmax")(x)


def operators(K, x):
    y = K.layers.Conv2D(8, 1)(x)
    z = K.layers.Conv2D(8, 1)(x)
    return pooled(K, y * z + y, 4, None)


# ---- Before the base ------------------------------------------------------------------------------------------------

def normalized(K, values):
    """Normalization: learned, given, or one for all channels."""
    import numpy as np
    if values == "adapted":
        layer = K.layers.Normalization()
        layer.adapt(np.random.default_rng(3).uniform([0, 20, 60], [255, 200, 180], (4, 8, 8, 3)).astype("float32"))
    elif values == "given":
        layer = K.layers.Normalization(mean=[123.7, 116.3, 103.5], variance=[3409.976, 3262.694, 3291.891])
    else:
        layer = K.layers.Normalization(axis=None, mean=127.5, variance=127.5 ** 2)
    return nested(K, pooled, before=[layer])


def torch_like(K):
    """Rescaling with a number for each channel."""
    std = [0.229, 0.224, 0.225]
    layer = K.layers.Rescaling([1 / (255 * s) for s in std], offset=[-m / s for m, s in zip([0.485, 0.456, 0.406], std)])
    return nested(K, pooled, before=[layer])


def resized(K, size, interpolation):
    x = inputs = K.Input((size, size, 3))
    x = K.layers.Resizing(SIZE, SIZE, interpolation=interpolation)(x)
    x = K.layers.Rescaling(1 / 127.5, offset=-1)(x)
    return K.Model(inputs, pooled(K, base_of(K)(x)))


# ---- All ------------------------------------------------------------------------------------------------------------

HEADS = [
    ("binary", binary), ("binary, Activation", binary_as_layer), ("multi-label", multi_label),
    ("two heads", two_heads), ("three heads", three_heads), ("max pooling", max_pooled),
    ("average and max pooling", both_pooled), ("windows", windows), ("separable", separable), ("aspp", aspp),
    ("rectangles and groups", rectangles), ("residual", residual), ("unit normalization", unit),
    ("dense of a map", fully_convolutional), ("operators", operators), ("PReLU of a map", prelu_map),
    ("squeeze-excite", squeeze_excite), ("squeeze-excite, Reshape last", squeeze_excite_last),
    ("hard gate", hard_gate),
]
HIDDEN = [
    ("swish", "swish"), ("silu", "silu"), ("tanh", "tanh"), ("elu", "elu"), ("hard_sigmoid", "hard_sigmoid"),
    ("sigmoid", "sigmoid"), ("relu6", "relu6"), ("LeakyReLU", leaky), ("ELU", lambda K: K.layers.ELU()),
    ("PReLU", lambda K: K.layers.PReLU(alpha_initializer="random_uniform")),
    ("ReLU 1", relu_with(max_value=1.0)), ("ReLU slope", relu_with(negative_slope=0.2)),
    ("ReLU slope and limit", relu_with(negative_slope=0.2, max_value=0.5)),
]
KERAS_3_HIDDEN = [("leaky_relu", "leaky_relu"), ("hard_swish", "hard_swish")]


def heads(K):
    """(name, build) of every head that K has."""
    for name, head in HEADS:
        yield name, lambda K, head=head: on(K, head)
    for name, activation in HIDDEN + (KERAS_3_HIDDEN if K is keras else []):
        yield "hidden " + name, lambda K, a=activation: on(K, hidden(a))
    for family, some in (("v1", (("softmax", pooled), ("binary", binary), ("two heads", two_heads))),
                         ("v3", (("scores", scores), ("squeeze-excite", squeeze_excite)))):
        for name, head in some:
            yield "%s, %s" % (family, name), lambda K, f=family, h=head: on(K, h, f)
            yield "%s nested, %s" % (family, name), lambda K, f=family, h=head: nested(K, h, f)
