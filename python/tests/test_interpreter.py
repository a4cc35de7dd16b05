# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""TensorFlow Lite's interface: alone, and beside ai-edge-litert where that is installed."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
from common import FLOAT, INT8, PHOTOS, REAL_PHOTOS, ROOT, models, pillow, random_input

import mobilenet_c
from mobilenet_c import Interpreter, Model

LITERT = importlib.util.find_spec("ai_edge_litert") is not None


def litert():
    if not LITERT:
        raise unittest.SkipTest("ai-edge-litert is missing (pip install ai-edge-litert)")
    from ai_edge_litert import interpreter

    return interpreter


class Alone(unittest.TestCase):
    def setUp(self):
        self.interpreter = Interpreter(str(INT8))
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        self.image = random_input(Model(INT8).inputs[0])

    def test_set_invoke_get(self):
        self.interpreter.set_tensor(self.input["index"], self.image)
        for _ in range(2):  # inputs keep what they were given
            self.interpreter.invoke()
            found = self.interpreter.get_tensor(self.output["index"])
            np.testing.assert_array_equal(found, Model(INT8).run(self.image))
            np.testing.assert_array_equal(self.interpreter.get_tensor(self.input["index"]), self.image)
        found[...] = 0
        self.assertTrue(self.interpreter.get_tensor(self.output["index"]).any())

    def test_tensor_is_memory(self):
        view = self.interpreter.tensor(self.input["index"])
        view()[...] = self.image
        self.interpreter.invoke()
        answer = self.interpreter.tensor(self.output["index"])()
        np.testing.assert_array_equal(answer, Model(INT8).run(self.image))
        del self.interpreter
        self.assertTrue(answer.any())

    def test_content_threads_and_kept_tensors(self):
        other = Interpreter(
            model_content=INT8.read_bytes(), num_threads=2, experimental_preserve_all_tensors=True
        )
        other.allocate_tensors()
        other.set_tensor(self.input["index"], self.image)
        other.invoke()
        np.testing.assert_array_equal(other.get_tensor(self.output["index"]), Model(INT8).run(self.image))
        for details in other.get_tensor_details():
            self.assertEqual(other.get_tensor(details["index"]).shape, tuple(details["shape"]))

    def test_resizing(self):
        self.interpreter.resize_tensor_input(self.input["index"], [3, 32, 32, 3])
        self.assertEqual(self.interpreter.get_input_details()[0]["shape"].tolist(), [3, 32, 32, 3])
        with self.assertRaisesRegex(RuntimeError, "allocate_tensors"):
            self.interpreter.invoke()
        self.interpreter.allocate_tensors()
        self.assertEqual(self.interpreter.get_output_details()[0]["shape"].tolist(), [3, 10])
        images = np.repeat(self.image, 3, 0)
        self.interpreter.set_tensor(self.input["index"], images)
        self.interpreter.invoke()
        np.testing.assert_array_equal(
            self.interpreter.get_tensor(self.output["index"]), np.repeat(Model(INT8).run(self.image), 3, 0)
        )
        with self.assertRaisesRegex(ValueError, "only -1 may change"):
            self.interpreter.resize_tensor_input(self.input["index"], [2, 32, 32, 3], strict=True)

    def test_what_is_refused(self):
        index = self.input["index"]
        fresh = Interpreter(INT8)
        for kind, use in [
            (ValueError, lambda: self.interpreter.set_tensor(index, self.image.astype(np.float32))),
            (ValueError, lambda: self.interpreter.set_tensor(index, self.image[0])),
            (ValueError, lambda: self.interpreter.set_tensor(index, [1, 2])),
            (ValueError, lambda: self.interpreter.set_tensor(self.output["index"], self.image)),
            (ValueError, lambda: self.interpreter.get_tensor(9999)),
            (ValueError, lambda: self.interpreter.get_tensor(-1)),
            (ValueError, lambda: self.interpreter.get_tensor(index, 1)),
            (ValueError, lambda: self.interpreter.resize_tensor_input(9999, [1])),
            (ValueError, lambda: self.interpreter.get_signature_runner("nothing")),
            (RuntimeError, fresh.invoke),
            (ValueError, lambda: fresh.get_tensor(index)),
            (ValueError, lambda: fresh.set_tensor(index, self.image)),
            (ValueError, lambda: fresh.tensor(index)()),
            (ValueError, lambda: Interpreter()),
            (ValueError, lambda: Interpreter(str(INT8), INT8.read_bytes())),
            (ValueError, lambda: Interpreter(model_content=b"no model")),
            (ValueError, lambda: Interpreter(str(INT8), num_threads=0)),
            (ValueError, lambda: Interpreter(str(INT8), num_threads="two")),
            (TypeError, lambda: Interpreter(str(INT8), experimental_delegates=["libdelegate.so"])),
            (OSError, lambda: mobilenet_c.load_delegate("/no/such/delegate.so")),
        ]:
            with self.assertRaises(kind):
                use()

    def test_signatures(self):
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "signs.tflite")
            try:
                mobilenet_c.convert(ROOT / "models" / "signs_0.35_96.h5", made)
            except mobilenet_c.MobileNetError as error:
                self.skipTest(str(error))
            interpreter = Interpreter(made)
            listed = interpreter.get_signature_list()["serving_default"]
            runner = interpreter.get_signature_runner()
            self.assertEqual([list(runner.get_input_details()), list(runner.get_output_details())], list(listed.values()))
            image = random_input(Model(made).inputs[0])
            answer = runner(**{listed["inputs"][0]: image})
            np.testing.assert_array_equal(answer[listed["outputs"][0]], Model(made).run(image))
            self.assertEqual(runner(**{listed["inputs"][0]: np.repeat(image, 2, 0)})[listed["outputs"][0]].shape, (2, 36))
            with self.assertRaisesRegex(ValueError, "has the inputs"):
                runner(nothing=image)
            if LITERT:
                theirs = litert().Interpreter(str(made))
                self.assertEqual(theirs.get_signature_list(), interpreter.get_signature_list())


class BesideLiteRT(unittest.TestCase):
    def open(self, path, reference=True):
        module = litert()
        resolver = module.OpResolverType
        kind = resolver.BUILTIN_REF if reference else resolver.AUTO
        theirs = module.Interpreter(str(path), experimental_op_resolver_type=kind)
        return Interpreter(str(path)), theirs

    def assert_same(self, ours, theirs, where):
        self.assertEqual(list(ours), list(theirs), where)
        for key, value in theirs.items():
            self.assertIs(type(ours[key]), type(value), (where, key))
            if isinstance(value, dict):
                self.assert_same(ours[key], value, where)
            elif isinstance(value, np.ndarray):
                self.assertEqual(ours[key].dtype, value.dtype, (where, key))
                # Equal scales of all channels count as one for the whole tensor.
                if not (key in ("scales", "zero_points") and len(ours[key]) == 1 and (value == value[0]).all()):
                    np.testing.assert_array_equal(ours[key], value, f"{where} {key}")
            elif key != "quantized_dimension":
                self.assertEqual(ours[key], value, (where, key))

    def test_details(self):
        for path in models():
            pair = self.open(path)
            for interpreter in pair:
                interpreter.allocate_tensors()
            for name in ("get_input_details", "get_output_details", "get_tensor_details"):
                ours, theirs = [getattr(interpreter, name)() for interpreter in pair]
                for a, b in zip(ours, theirs):  # theirs go on with temporaries of kernels
                    self.assert_same(a, b, f"{path.name} {name} {a['index']}")
            self.assertEqual(pair[0].get_signature_list(), pair[1].get_signature_list())

    def test_bytes(self):
        for path in models():
            pair = self.open(path)
            answers = []
            for interpreter in pair:
                interpreter.allocate_tensors()
                index = interpreter.get_input_details()[0]["index"]
                interpreter.set_tensor(index, random_input(Model(path).inputs[0]))
                interpreter.invoke()
                answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
            if answers[0].dtype == np.float32:
                np.testing.assert_allclose(answers[0], answers[1], rtol=1e-4, atol=1e-6)
            else:
                np.testing.assert_array_equal(answers[0], answers[1], path.name)

    def test_the_example_runs_with_both(self):
        pillow()
        litert()
        script = (ROOT / "examples" / "label_image.py").read_text("utf-8")
        changed = script.replace("from mobilenet_c import", "from ai_edge_litert.interpreter import")
        self.assertNotEqual(script, changed)
        photo = REAL_PHOTOS / "example_input.jpg"
        photo = photo if photo.exists() else PHOTOS / "colour420.jpg"
        for path in models():
            if path == FLOAT:
                continue
            # XNNPACK, which theirs takes by itself, is up to a step or two off.
            ours, theirs = [self.run_script(text, path, photo) for text in (script, changed)]
            self.assertEqual([len(ours), len(theirs)], [5, 5])
            self.assertEqual(ours[0][1], theirs[0][1], path.name)
            np.testing.assert_allclose([p for p, _ in ours], [p for p, _ in theirs], atol=3 / 256, err_msg=path.name)

    @staticmethod
    def run_script(text, model, photo):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "example.py")
            script.write_text(text, "utf-8")
            done = subprocess.run(
                [sys.executable, script, "-m", model, "-i", photo, "--num_threads", "2"],
                check=True,
                capture_output=True,
                encoding="utf-8",
                env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3"),
            )
        lines = [line.split(": ") for line in done.stdout.splitlines() if not line.startswith("time:")]
        return [(float(probability), name) for probability, name in lines]


if __name__ == "__main__":
    unittest.main()
