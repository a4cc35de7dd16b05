# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Small Keras classifiers with random weights for converter_matrix.py: the backbones and heads that people convert.
Each maker takes nothing and returns a model; batch norms have statistics as training leaves them."""

import keras
import numpy as np

L = keras.layers
SIZE = 32


def block(x, channels, stride=1, expand=2, activation="relu6", dilation=1):
    """An inverted residual."""
    before = x
    x = L.Conv2D(x.shape[-1] * expand, 1, use_bias=False)(x)
    x = act(L.BatchNormalization()(x), activation)
    x = L.DepthwiseConv2D(3, stride, "same", use_bias=False, dilation_rate=dilation)(x)
    x = act(L.BatchNormalization()(x), activation)
    x = L.BatchNormalization()(L.Conv2D(channels, 1, use_bias=False)(x))
    return L.Add()([before, x]) if stride == 1 and before.shape[-1] == channels else x


def act(x, name):
    if name == "relu6":
        return L.ReLU(6.0)(x)
    if name == "leaky":
        return L.LeakyReLU(negative_slope=0.2)(x)
    return L.Activation(name)(x)


def base(x, activation="relu6", dilation=1):
    x = L.Conv2D(16, 3, 2, "same", use_bias=False)(x)
    x = act(L.BatchNormalization()(x), activation)
    x = block(x, 24, 2, activation=activation)
    x = block(x, 24, activation=activation, dilation=dilation)
    return act(L.BatchNormalization()(L.Conv2D(64, 1, use_bias=False)(x)), activation)


def images():
    return keras.Input((SIZE, SIZE, 3), batch_size=1)


def with_head(head, activation="relu6", before=None, dilation=1):
    inputs = images()
    x = before(inputs) if before else inputs
    return keras.Model(inputs, head(base(x, activation, dilation)))


def pooled(x, units=7, activation="softmax"):
    return L.Dense(units, activation=activation)(L.Dropout(0.2)(L.GlobalAveragePooling2D()(x)))


def two_heads(x):
    x = L.GlobalAveragePooling2D()(x)
    return [L.Dense(5, activation="softmax", name="kind")(x), L.Dense(1, activation="sigmoid", name="good")(x)]


def squeeze_excite(x):
    gate = L.GlobalAveragePooling2D(keepdims=True)(x)
    gate = L.Conv2D(16, 1, activation="relu")(gate)
    gate = L.Conv2D(64, 1, activation="hard_sigmoid")(gate)
    return pooled(L.Multiply()([x, gate]))


def squeeze_excite_sigmoid(x):
    gate = L.Dense(64, activation="sigmoid")(L.Dense(16, activation="swish")(L.GlobalAveragePooling2D()(x)))
    return pooled(L.Multiply()([x, L.Reshape((1, 1, 64))(gate)]))


def concatenate(x):
    parts = [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x), L.Flatten()(L.MaxPooling2D(8)(x))]
    return L.Dense(7, activation="softmax")(L.Concatenate()(parts))


def branches(x):
    """Split by channels, joined again: Inception's and ShuffleNet's way."""
    first, second = keras.ops.split(x, 2, axis=-1)
    return pooled(keras.ops.concatenate([L.DepthwiseConv2D(3, padding="same")(first), second], axis=-1))


def stacked(x):
    rows = [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)]
    return L.Dense(7, activation="softmax")(L.Flatten()(keras.ops.stack(rows, axis=1)))


def hidden(activation):
    return lambda x: L.Dense(7, activation="softmax")(L.Dense(20, activation=activation)(L.GlobalAveragePooling2D()(x)))


def normalised(x):
    return L.Normalization(mean=[0.4, 0.1, -0.2], variance=[0.3, 0.2, 0.5])(x)


def resized(inputs):
    return L.Resizing(SIZE, SIZE)(L.Resizing(48, 40)(inputs))


def application(name, **settings):
    return lambda: getattr(keras.applications, name)(weights=None, classes=7,
                                                     input_tensor=keras.Input((SIZE, SIZE, 3), batch_size=1), **settings)


def open_batch():
    """No batch size: converters leave SHAPE, STRIDED_SLICE and PACK for Flatten."""
    inputs = keras.Input((SIZE, SIZE, 3))
    return keras.Model(inputs, L.Dense(7, activation="softmax")(L.Flatten()(L.MaxPooling2D(4)(base(inputs)))))


MODELS = {
    "MobileNetV1": application("MobileNet", alpha=0.25),
    "MobileNetV2": application("MobileNetV2", alpha=0.35),
    "MobileNetV3 small": application("MobileNetV3Small", alpha=0.75),
    "MobileNetV3 large, minimal": application("MobileNetV3Large", alpha=0.75, minimalistic=True),
    "pool, softmax": lambda: with_head(pooled),
    "scores": lambda: with_head(lambda x: pooled(x, activation=None)),
    "one sigmoid unit": lambda: with_head(lambda x: pooled(x, 1, "sigmoid")),
    "sigmoid, many labels": lambda: with_head(lambda x: pooled(x, 5, "sigmoid")),
    "two heads": lambda: with_head(two_heads),
    "Flatten": lambda: with_head(lambda x: L.Dense(7, activation="softmax")(L.Flatten()(x))),
    "Flatten, open batch": open_batch,
    "Reshape, convolution": lambda: with_head(lambda x: L.Softmax()(L.Reshape((7,))(L.Conv2D(7, 1)(
        L.GlobalAveragePooling2D(keepdims=True)(x))))),
    "GlobalMaxPooling": lambda: with_head(lambda x: L.Dense(7, activation="softmax")(L.GlobalMaxPooling2D()(x))),
    "MaxPooling, AveragePooling": lambda: with_head(lambda x: pooled(L.AveragePooling2D(2)(L.MaxPooling2D(
        3, 2, "same")(x)))),
    "Rescaling": lambda: with_head(pooled, before=lambda x: L.Rescaling(1 / 127.5, -1)(x)),
    "Normalization": lambda: with_head(pooled, before=normalised),
    "Resizing": lambda: with_head(pooled, before=resized),
    "ZeroPadding": lambda: with_head(lambda x: pooled(L.Conv2D(24, 3, 2)(L.ZeroPadding2D(((0, 1), (0, 1)))(x)))),
    "Concatenate of three": lambda: with_head(concatenate),
    "split and concatenate": lambda: with_head(branches),
    "stack": lambda: with_head(stacked),
    "swish": lambda: with_head(pooled, "swish"),
    "hard_swish": lambda: with_head(pooled, "hard_swish"),
    "relu": lambda: with_head(pooled, "relu"),
    "leaky_relu": lambda: with_head(pooled, "leaky"),
    "elu": lambda: with_head(pooled, "elu"),
    "tanh": lambda: with_head(hidden("tanh")),
    "hard_sigmoid": lambda: with_head(hidden("hard_sigmoid")),
    "log_softmax": lambda: with_head(lambda x: pooled(x, activation="log_softmax")),
    "squeeze and excite": lambda: with_head(squeeze_excite),
    "squeeze and excite, sigmoid": lambda: with_head(squeeze_excite_sigmoid),
    "UnitNormalization": lambda: with_head(lambda x: L.Dense(7, activation="softmax")(L.UnitNormalization()(
        L.GlobalAveragePooling2D()(x)))),
    "SeparableConv2D": lambda: with_head(lambda x: pooled(L.SeparableConv2D(24, 3, padding="same")(x))),
    "dilated depthwise": lambda: with_head(pooled, dilation=2),
    "UpSampling": lambda: with_head(lambda x: pooled(L.DepthwiseConv2D(3, 2)(L.UpSampling2D(2)(x)))),
    "UpSampling, bilinear": lambda: with_head(lambda x: pooled(L.DepthwiseConv2D(3, 2)(L.UpSampling2D(
        2, interpolation="bilinear")(x)))),
}


def build(name):
    """The model, with the same random weights every time."""
    keras.utils.set_random_seed(sum(name.encode()))
    model = MODELS[name]()
    rng = np.random.default_rng(len(name))
    for layer in layers_of(model):
        if isinstance(layer, L.BatchNormalization):
            shape = layer.gamma.shape
            layer.set_weights([rng.uniform(0.5, 1.5, shape), rng.normal(0.1, 0.3, shape), rng.normal(0, 0.3, shape),
                               rng.uniform(0.1, 0.8, shape)])
    return model


def layers_of(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)
        else:
            yield layer


def pictures(name, count, seed=1):
    """Smooth pictures in the range that the model takes."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, 4, 4, 3))
    values = coarse.repeat(SIZE // 4, 1).repeat(SIZE // 4, 2) * 0.7 + rng.uniform(-0.3, 0.3, (count, SIZE, SIZE, 3))
    if name in ("Rescaling", "MobileNetV3 small", "MobileNetV3 large, minimal"):
        values = (values + 1) * 127.5
    return values.astype(np.float32)
