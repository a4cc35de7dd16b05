# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Models and sessions: arrays, batches, threads, lifetimes, and what is refused."""

import gc
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import numpy as np
from common import FLOAT, INT8, UINT8, random_input

from mobilenet_c import (
    ArgumentError,
    ClosedError,
    DataTypeError,
    Delegate,
    FormatError,
    MissingFileError,
    MobileNetError,
    Model,
    Session,
)


class Models(unittest.TestCase):
    def test_facts(self):
        with Model(INT8) as model:
            self.assertEqual(model.inputs[0].shape, (1, 32, 32, 3))
            self.assertEqual(model.inputs[0].dtype, np.int8)
            self.assertEqual(model.outputs[0].shape, (1, 10))
            self.assertEqual((len(model.inputs[0].scales), len(model.inputs[0].zero_points)), (1, 1))
            self.assertGreater(model.tensor_count, 50)
            with self.assertRaisesRegex(ArgumentError, "tensor 9999 does not exist"):
                model.tensor(9999)
            for index in (2**32, -(2**32)):  # which is 0 in 32 bits
                with self.assertRaisesRegex(ArgumentError, "does not exist"):
                    model.tensor(index)

    def test_a_file_and_its_bytes_are_the_same(self):
        for path in (INT8, FLOAT):
            data = path.read_bytes()
            with Model(path) as file:
                image = random_input(file.inputs[0])
                for source in (str(path), data, bytearray(data), memoryview(data)):
                    with Model(source) as model:
                        np.testing.assert_array_equal(model.run(image), file.run(image))

    def test_a_batch_has_the_bits_of_its_images(self):
        for path in (INT8, UINT8, FLOAT):
            with Model(path) as model:
                images = random_input(model.inputs[0], 5)
                one_by_one = [model.run(images[i : i + 1]) for i in range(5)]
                np.testing.assert_array_equal(model.run(images), np.concatenate(one_by_one))

    def test_strides_do_not_matter(self):
        with Model(INT8) as model:
            image = random_input(model.inputs[0])
            turned = np.ascontiguousarray(image.transpose(0, 3, 2, 1)).transpose(0, 3, 2, 1)
            self.assertFalse(turned.flags.c_contiguous)
            np.testing.assert_array_equal(model.run(turned), model.run(image))
            upside_down = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
            np.testing.assert_array_equal(model.run(upside_down), model.run(image))

    def test_what_is_no_model(self):
        with self.assertRaisesRegex(MissingFileError, "no such thing"):
            Model("/no such thing.tflite")
        with self.assertRaises(FileNotFoundError):
            Model(Path("/no such thing.tflite"))
        with self.assertRaises(FormatError):
            Model(INT8.read_bytes()[:1000])
        with self.assertRaises(MobileNetError):
            Model(b"")
        with self.assertRaisesRegex(ArgumentError, "zero bytes"):
            Model("model\0.tflite")
        for wrong in (None, 3, ["model.tflite"]):
            with self.assertRaises(TypeError):
                Model(wrong)
        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            file.write(b"not a model, but long enough to be looked at")
            file.flush()
            with self.assertRaises(ValueError) as caught:
                Model(file.name)
            self.assertIn(file.name, str(caught.exception))

    def test_inputs_that_do_not_fit(self):
        with Model(INT8) as model:
            good = random_input(model.inputs[0])
            with self.assertRaisesRegex(TypeError, "takes int8, not float64"):
                model.run(good.astype(np.float64))
            with self.assertRaises(TypeError):
                model.run([[1.5]])
            for shape in [(1, 32, 32), (32, 32, 3), (1, 31, 32, 3), (1, 3, 32, 32), (1, 32, 32, 3, 1), (0, 32, 32, 3)]:
                with self.assertRaisesRegex(ValueError, "has the shape"):
                    model.run(np.zeros(shape, np.int8))
            with model.session() as session:
                with self.assertRaisesRegex(ArgumentError, "1 inputs, not 2"):
                    session.run([good, good])
                with self.assertRaisesRegex(ArgumentError, "has the inputs"):
                    session.run({"nothing": good})
                for number in (-1, 1):
                    with self.assertRaisesRegex(ArgumentError, "has no input"):
                        session.input(number)

    def test_sessions_that_cannot_be(self):
        for options, sentence in [
            ({"threads": 1000}, "1000"),
            ({"batch": 0}, "batch"),
            ({"cpu": "abacus"}, "abacus"),
            ({"streamed": True, "keep_tensors": True}, "."),
            ({"input_shapes": {0: [1, 2]}}, "."),
            ({"input_shapes": {5: [1, 2]}}, "."),
            ({"input_shapes": {0: [1] * 9}}, "dimensions"),
        ]:
            with self.assertRaisesRegex(ValueError, sentence):
                Session(INT8, **options)
        with self.assertRaises(TypeError):
            Session(INT8, threads="two")
        with self.assertRaises(OSError):
            Session(INT8, delegates=[Delegate("/no/such/delegate.so")])

    def test_names_and_views(self):
        with Session(INT8) as session:
            image = random_input(session.inputs[0])
            wanted = session.run(image)
            np.testing.assert_array_equal(session.run({session.inputs[0].name: image}), wanted)
            np.testing.assert_array_equal(session.run_all([image])[0], wanted)
            session.input()[...] = image
            session.invoke()
            np.testing.assert_array_equal(session.output(), wanted)
            session.input()[...] = image
            self.assertTrue(np.shares_memory(session.run(session.input(), copy=False), session.output()))
            with self.assertRaises(ValueError):
                session.output()[0] = 0

    def test_all_tensors_can_be_kept(self):
        with Session(INT8, keep_tensors=True) as session, Session(INT8) as plain:
            image = random_input(session.inputs[0])
            np.testing.assert_array_equal(session.run(image), plain.run(image))
            for index in range(session.model.tensor_count):
                self.assertEqual(session.tensor(index).shape, session.tensor_info(index).shape)
            inner = next(
                i for i in range(plain.model.tensor_count) if session.tensor(i).size > 100 and not self.is_there(plain, i)
            )
            with self.assertRaisesRegex(ArgumentError, "keep all tensors"):
                plain.tensor(inner)

    @staticmethod
    def is_there(session, index):
        try:
            session.tensor(index)
        except ArgumentError:
            return False
        return True

    def test_threads_streams_and_tiers_give_the_same_bits(self):
        with Session(INT8) as plain:
            image = random_input(plain.inputs[0])
            wanted = plain.run(image)
        for options in ({"threads": 2}, {"threads": -1}, {"streamed": True}, {"cpu": "ref"}):
            with Session(INT8, **options) as session:
                np.testing.assert_array_equal(session.run(image), wanted)
                self.assertGreater(session.arena_bytes, 0)


class Lifetimes(unittest.TestCase):
    def test_closed_things_say_so(self):
        model = Model(INT8)
        image = random_input(model.inputs[0])
        session = model.session()
        session.close()
        session.close()
        for use in (
            lambda: session.run(image),
            session.invoke,
            session.input,
            session.output,
            lambda: session.tensor(0),
            lambda: session.tensor_info(0),
            lambda: session.threads,
        ):
            with self.assertRaisesRegex(ClosedError, "is closed"):
                use()
        model.close()
        for use in (lambda: model.run(image), lambda: model.tensor(0), model.session, lambda: model.signatures):
            with self.assertRaisesRegex(ClosedError, "is closed"):
                use()
        self.assertIn("closed", repr(model) + repr(session))

    def test_a_session_outlives_its_model(self):
        model = Model(INT8)
        image = random_input(model.inputs[0])
        wanted = model.run(image)
        session = model.session()
        model.close()
        del model
        gc.collect()
        np.testing.assert_array_equal(session.run(image), wanted)

    def test_arrays_outlive_everything(self):
        session = Session(INT8)
        wanted = session.run(random_input(session.inputs[0]))
        output, inside, weights = session.output(), session.input(), session.tensor(1)
        session.close()
        del session
        gc.collect()
        np.testing.assert_array_equal(output, wanted)
        inside[...] = 1
        self.assertEqual(int(inside.sum()), inside.size)
        self.assertEqual(weights.sum(), weights.copy().sum())

    def test_rubbish_in_circles_is_closed_in_order(self):
        for _ in range(20):
            model = Model(INT8.read_bytes())
            ring = [model.session(), model]
            ring.append(ring)
            ring[0].ring = ring
            del model, ring
            gc.collect()

    def test_closing_while_running(self):
        session = Session(FLOAT, batch=8)
        errors = []

        def work():
            try:
                while True:
                    session.invoke()
            except ClosedError:
                pass
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        session.close()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])


class Threads(unittest.TestCase):
    """Python switches between threads only where one lets go of the interpreter's lock, as switches by time are as good
    as off: a thread that is seen inside a call let go in the library."""

    def setUp(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())

    def test_runs_overlap(self):
        start, inside, most = threading.Barrier(2), [0], [0]
        sessions = [Session(FLOAT, batch=64) for _ in range(2)]

        def work(session):
            start.wait()
            for _ in range(100):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                session.invoke()
                inside[0] -= 1
                if most[0] == 2:
                    break

        sys.setswitchinterval(1000)
        threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(most[0], 2)

    def test_one_model_serves_many_threads(self):
        model = Model(INT8)
        images = [random_input(model.inputs[0], 2, seed) for seed in range(4)]
        wanted = [model.run(image) for image in images]
        found = [None] * 4

        def work(i):
            found[i] = all(np.array_equal(model.run(images[i]), wanted[i]) for _ in range(20))

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, [True] * 4)


if __name__ == "__main__":
    unittest.main()
