#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Prints the five best classes of photos: python3 classify.py model.tflite cat.jpg dog.png"""

import sys

from mobilenet_c import Classifier, MobileNetError


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: classify.py MODEL PHOTO...")
    try:
        with Classifier(sys.argv[1]) as classifier:
            for photo in sys.argv[2:]:
                print(photo)
                for prediction in classifier.classify(photo):
                    print(f"{prediction.probability:8.2%}  {prediction.name}")
    except MobileNetError as error:
        sys.exit(f"classify.py: {error}")


if __name__ == "__main__":
    main()
