# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What the tests share: where models and photos are, and arrays for inputs."""

import os
import unittest
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "golden"
PHOTOS = ROOT / "fuzz" / "corpus" / "image"
INT8 = MODELS / "tiny_v2_int8.tflite"
UINT8 = MODELS / "tiny_v2_uint8.tflite"
FLOAT = MODELS / "tiny_v2_float32.tflite"
SHARED = Path(os.environ.get("MN_SHARED", ROOT.parent / "shared"))  # real models and photos, where they are
REAL = SHARED / "models"
REAL_PHOTOS = SHARED / "images"


def models():
    """The small models, and the real ones where they are."""
    return [INT8, UINT8, FLOAT, *sorted(REAL.glob("*.tflite"))]


def random_input(info, batch=1, seed=0):
    """Numbers of an input's type."""
    shape = (batch,) + info.shape[1:]
    random = np.random.default_rng(seed)
    if info.dtype == np.float32:
        return random.uniform(-1, 1, shape).astype(np.float32)
    limits = np.iinfo(info.dtype)
    return random.integers(limits.min, limits.max, shape, info.dtype, endpoint=True)


def pillow():
    """Pillow, or the test is skipped."""
    try:
        import PIL.Image
    except ImportError:
        raise unittest.SkipTest("Pillow is missing (pip install pillow)") from None
    return PIL


def header_folder():
    """include/, which a wheel's test may not have."""
    folder = ROOT / "include"
    if not folder.is_dir():
        raise unittest.SkipTest("there are no headers here")
    return os.fspath(folder)
