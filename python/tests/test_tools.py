# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""convert(), quantize() and evaluate(): the command behind them, progress, and its sentences as exceptions."""

import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np
from common import FLOAT, INT8, PHOTOS

import mobilenet_c
from mobilenet_c import CommandError, MissingFileError, Model, tools


def pictures(count):
    return [np.random.default_rng(i).integers(0, 256, (40, 40, 3), np.uint8) for i in range(count)]


class Tools(unittest.TestCase):
    def setUp(self):
        try:
            self.command = tools.command()
        except MissingFileError as error:
            self.skipTest(str(error))
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "out.tflite"

    def test_quantize(self):
        told = []
        report = mobilenet_c.quantize(
            FLOAT, self.out, images=pictures(4), progress=lambda *step: told.append(step), io="uint8"
        )
        self.assertIn("4", report)
        self.assertEqual(Model(self.out).inputs[0].dtype, np.uint8)
        self.assertIn(("reading photos", 4, 4), told)
        # What the command makes of the same photos.
        images, other = self.folder / "images", self.folder / "other.tflite"
        images.mkdir()
        for i, pixels in enumerate(pictures(4)):
            (images / f"{i}.ppm").write_bytes(b"P6 40 40 255\n" + pixels.tobytes())
        subprocess.run(
            [self.command, "quantize", FLOAT, "-o", other, "--images", images, "--io", "uint8"],
            check=True,
            capture_output=True,
        )
        self.assertEqual(other.read_bytes(), self.out.read_bytes())

    def test_evaluate(self):
        told = []
        photos = pictures(6)
        with mobilenet_c.Classifier(INT8) as classifier:
            truth = [classifier.classify(photo, 1)[0].index for photo in photos]
        truth[0] = (truth[0] + 1) % 10
        found = mobilenet_c.evaluate(INT8, photos, truth=truth, progress=lambda *step: told.append(step))
        self.assertEqual((found.evaluated, found.top1.count, found.top1.of), (6, 5, 6))
        self.assertLess(found.top1.interval[0], found.top1.share)
        self.assertEqual(found.unreadable, [])
        self.assertEqual(told[-1], ("evaluating", 6, 6))
        compared = mobilenet_c.evaluate(FLOAT, photos, truth=truth, compare=INT8)
        self.assertIn("agreement", compared.report)
        with self.assertRaisesRegex(ValueError, "6 photos in a list and 1 classes"):
            mobilenet_c.evaluate(INT8, photos, truth=[1])

    def test_convert(self):
        made = self.folder / "float.tflite"
        weights = Path(__file__).resolve().parents[2] / "models" / "signs_0.35_96.h5"
        if not weights.exists():
            self.skipTest(f"{weights} is missing")
        mobilenet_c.convert(weights, made)
        self.assertEqual(Model(made).outputs[0].shape, (1, 36))
        mobilenet_c.quantize(weights, self.out, data_free=True)
        self.assertEqual(Model(self.out).inputs[0].dtype, np.int8)

    def test_progress_may_stop_it(self):
        class Enough(Exception):
            pass

        def stop(stage, done, total):
            raise Enough

        with self.assertRaises(Enough):
            mobilenet_c.quantize(FLOAT, self.out, images=pictures(3), progress=stop)
        if self.out.exists():  # the command was done before it could be stopped
            self.assertEqual(Model(self.out).inputs[0].dtype, np.int8)

    def test_sentences(self):
        with self.assertRaisesRegex(FileNotFoundError, "no such weights"):
            mobilenet_c.convert(self.folder / "no such weights.h5", self.out)
        with self.assertRaisesRegex(MissingFileError, "no such photo"):
            mobilenet_c.quantize(FLOAT, self.out, images=[self.folder / "no such photo.jpg"])
        with self.assertRaisesRegex(CommandError, str(PHOTOS)) as caught:
            mobilenet_c.convert(PHOTOS, self.out)
        self.assertEqual(caught.exception.exit_code, 1)
        with self.assertRaisesRegex(CommandError, "guess") as caught:
            mobilenet_c.quantize(FLOAT, self.out, images=pictures(1), method="guess")
        self.assertEqual(caught.exception.exit_code, 2)
        with self.assertRaisesRegex(CommandError, "."):
            mobilenet_c.quantize(FLOAT, self.out)
        with self.assertRaisesRegex(ValueError, "empty list"):
            mobilenet_c.quantize(FLOAT, self.out, images=[])
        self.assertFalse(self.out.exists())

    def test_paths_are_no_options(self):
        self.assertEqual(tools._text("--help"), "./--help")


if __name__ == "__main__":
    unittest.main()
