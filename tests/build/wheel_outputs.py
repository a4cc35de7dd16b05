# SPDX-License-Identifier: MIT
"""usage: wheel_outputs.py PHOTO MODEL...

What the package says of a photo with each model, and the bytes of the model's input and output: for python_wheel.sh, which
compares processors."""

import sys

from mobilenet_c import Classifier, Model, Preprocessor

photo, *models = sys.argv[1:]
for path in models:
    with Model(path) as model, Preprocessor(model) as preprocess:
        pixels = preprocess(photo)
        scores = model.run(pixels)
        print(path, pixels.dtype, pixels.tobytes().hex(), scores.dtype, scores.tobytes().hex())
    with Classifier(path) as classifier:
        for found in classifier.classify(photo):
            print(found.index, found.name, found.probability.hex(), found.score.hex())
