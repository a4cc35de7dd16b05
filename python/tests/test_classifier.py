# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Photos of every kind to the same classes."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import numpy as np
from common import FLOAT, INT8, PHOTOS, ROOT, pillow

from mobilenet_c import (
    ArgumentError,
    Classifier,
    ClosedError,
    DataTypeError,
    FormatError,
    MissingFileError,
    Model,
    Preprocessor,
    UnsupportedError,
    decode,
)

PHOTO = PHOTOS / "colour420.jpg"


def picture(height=40, width=50, channels=3):
    return np.random.default_rng(1).integers(0, 256, (height, width, channels), np.uint8)


class Photos(unittest.TestCase):
    def setUp(self):
        self.classifier = Classifier(INT8)
        self.addCleanup(self.classifier.close)

    def test_readme(self):
        """The first Python code of the repository's README.md prints the best class first."""
        page = (ROOT / "README.md").read_text(encoding="utf-8")
        code = page.split("```python\n")[1].split("```")[0]
        code = code.replace("model.tflite", str(INT8)).replace("cat.jpg", str(PHOTO))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(code, {})
        best = self.classifier.classify(PHOTO, top=1)[0]
        self.assertEqual(said.getvalue().splitlines()[0], f"{best.probability:.1%} {best.name}")

    def test_answers(self):
        best = self.classifier.classify(picture(), top=3)
        self.assertEqual(len(best), 3)
        self.assertGreaterEqual(best[0].probability, best[1].probability)
        self.assertEqual(best[0].name, self.classifier.labels[best[0].index])
        probabilities = self.classifier.probabilities(picture())
        self.assertEqual((probabilities.shape, probabilities.dtype), ((10,), np.float32))
        self.assertAlmostEqual(float(probabilities[best[0].index]), best[0].probability)
        self.assertEqual(len(self.classifier.classify(picture(), top=99)), 10)
        self.assertEqual(self.classifier.ending, "softmax")
        self.assertIn("32x32 RGB", self.classifier.input_text)
        with self.assertRaisesRegex(ValueError, "k"):
            self.classifier.classify(picture(), top=0)

    def test_a_path_bytes_and_pixels_are_the_same(self):
        wanted = self.classifier.classify(str(PHOTO))
        data = PHOTO.read_bytes()
        for photo in (PHOTO, data, bytearray(data), memoryview(data), decode(PHOTO), memoryview(decode(data))):
            self.assertEqual(self.classifier.classify(photo), wanted, type(photo))

    def test_pixels_may_lie_anywhere(self):
        pixels = picture(60, 80)
        for part in (pixels[10:50, 5:70], pixels[::-1], pixels[:, ::-1], pixels[::2, ::3], pixels.transpose(1, 0, 2)):
            self.assertEqual(self.classifier.classify(part), self.classifier.classify(part.copy(order="C")))
        alpha = np.concatenate([pixels, np.full((60, 80, 1), 7, np.uint8)], 2)
        self.assertEqual(self.classifier.classify(alpha), self.classifier.classify(pixels))
        gray = pixels[..., 0]
        self.assertEqual(self.classifier.classify(gray), self.classifier.classify(np.stack([gray] * 3, 2)))
        self.assertEqual(self.classifier.classify(gray[..., None]), self.classifier.classify(gray))
        frozen = pixels.copy()
        frozen.flags.writeable = False
        self.assertEqual(self.classifier.classify(frozen), self.classifier.classify(pixels))

    def test_pillow(self):
        pil = pillow()
        image = pil.Image.fromarray(picture())
        self.assertEqual(self.classifier.classify(image), self.classifier.classify(picture()))
        for mode in ("L", "RGBA", "P"):
            converted = image.convert(mode)
            pixels = np.asarray(converted.convert("RGB"))
            self.assertEqual(self.classifier.classify(converted), self.classifier.classify(pixels))
        exif = pil.Image.Exif()
        exif[0x0112] = 6
        file = io.BytesIO()
        image.save(file, "PNG", exif=exif)
        turned = pil.Image.open(io.BytesIO(file.getvalue()))
        self.assertEqual(self.classifier.classify(turned), self.classifier.classify(file.getvalue()))
        self.assertEqual(self.classifier.classify(turned), self.classifier.classify(np.rot90(picture(), -1)))

    def test_what_is_no_photo(self):
        for wrong in (None, 5, ["cat.jpg"], {"photo": 1}):
            with self.assertRaisesRegex(TypeError, "a photo is a path"):
                self.classifier.classify(wrong)
        with self.assertRaisesRegex(DataTypeError, "uint8, 0..255, not float64"):
            self.classifier.classify(picture() / 255)
        for shape in [(3,), (4, 4, 2), (4, 4, 5), (1, 4, 4, 3), (0, 4, 3), (4, 0, 3), (4, 4, 0)]:
            with self.assertRaises(ArgumentError):
                self.classifier.classify(np.zeros(shape, np.uint8))
        with self.assertRaises(FileNotFoundError):
            self.classifier.classify("/no such photo.jpg")
        with self.assertRaises(OSError):
            self.classifier.classify("/")
        with self.assertRaises(UnsupportedError):
            self.classifier.classify(b"not a photo, whatever its name")
        with self.assertRaises(FormatError):
            self.classifier.classify(PHOTO.read_bytes()[:-500])

    def test_labels(self):
        names = [f"thing {i}" for i in range(10)]
        with Classifier(INT8, labels=names) as named:
            self.assertEqual(named.labels, names)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "labels.txt")
            for text in ("\n".join(names), "\n".join(f"{i}  {name}" for i, name in enumerate(names)) + "\n\n"):
                path.write_text(text, "utf-8")
                with Classifier(INT8, labels=path) as named:
                    self.assertEqual(named.labels, names)
            path.write_bytes(b"\xff\xfe")
            with self.assertRaises(FormatError):
                Classifier(INT8, labels=path)
        with self.assertRaises(MissingFileError):
            Classifier(INT8, labels="/no such labels.txt")
        with self.assertRaisesRegex(ValueError, "labels"):
            Classifier(INT8, labels=["one", "two"])

    def test_options(self):
        model = Model(FLOAT)
        with Classifier(model, pixel_range=(-1, 1)) as a, Classifier(model, mean=[127.5] * 3, deviation=[127.5] * 3) as b:
            np.testing.assert_allclose(a.probabilities(picture()), b.probabilities(picture()), atol=1e-5)
        for options, sentence in [
            ({"crop": "somewhere"}, "no crop"),
            ({"filter": "coffee"}, "no filter"),
            ({"mean": [1, 2, 3]}, "go together"),
            ({"mean": [1], "deviation": [1]}, "three numbers"),
            ({"pixel_range": (0, 1), "mean": [1, 1, 1], "deviation": [1, 1, 1]}, "."),
            ({"output": 7}, "7"),
            ({"threads": -7}, "threads"),
        ]:
            with self.assertRaisesRegex(ValueError, sentence):
                Classifier(model, **options)

    def test_closed(self):
        model = self.classifier.model
        self.classifier.close()
        with self.assertRaises(ClosedError):
            self.classifier.classify(picture())
        model.close()
        with self.assertRaises(ClosedError):
            Classifier(model)

    def test_preprocessor_gives_what_the_classifier_shows(self):
        for path in (INT8, FLOAT):
            model = Model(path)
            with Preprocessor(model) as preprocess, Classifier(model) as classifier, model.session() as session:
                tensor = preprocess(PHOTO)
                self.assertEqual((tensor.shape, tensor.dtype), (model.inputs[0].shape, model.inputs[0].dtype))
                scores = session.run(tensor)[0]
                self.assertEqual(int(np.argmax(scores)), classifier.classify(PHOTO, 1)[0].index)
                np.testing.assert_array_equal(preprocess(PHOTO, out=session.input()), tensor)
                self.assertIn("32x32", preprocess.text)
                with self.assertRaises(TypeError):
                    preprocess(PHOTO, out=np.zeros(tensor.shape, np.int64))
                with self.assertRaises(ValueError):
                    preprocess(PHOTO, out=tensor[:, ::2])
            with self.assertRaises(ClosedError):
                preprocess(PHOTO)


if __name__ == "__main__":
    unittest.main()
