# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The structs of ctypes are those of the headers, and every failure becomes an exception."""

import ctypes
import os
import shutil
import subprocess
import tempfile
import unittest

from common import header_folder

import mobilenet_c
from mobilenet_c import _library as lib
from mobilenet_c import errors

STRUCTS = {
    "mn_quant": lib.Quant,
    "mn_tensor_info": lib.TensorInfoStruct,
    "mn_signature": lib.Signature,
    "mn_input_shape": lib.InputShape,
    "mn_session_options": lib.SessionOptions,
    "mn_pixels": lib.Pixels,
    "mn_frame": lib.Frame,
    "mn_preprocess_options": lib.PreprocessOptions,
    "mn_preprocess_info": lib.PreprocessInfo,
    "mn_classifier_options": lib.ClassifierOptions,
    "mn_classifier_info": lib.ClassifierInfo,
    "mn_class": lib.Class,
}


class Library(unittest.TestCase):
    def test_structs_are_those_of_the_headers(self):
        compiler = os.environ.get("CC") or shutil.which("cc")
        if not compiler:
            self.skipTest("there is no C compiler")
        expected, lines = [], ["#include <stdio.h>", '#include "mobilenet_image.h"', "int main(void) {"]
        for name, struct in STRUCTS.items():
            expected.append(f"{name} {ctypes.sizeof(struct)}")
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            for field, _ in struct._fields_:
                place = getattr(struct, field)
                expected.append(f"{name}.{field} {place.offset} {place.size}")
                lines.append(
                    f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));'
                )
        with tempfile.TemporaryDirectory() as folder:
            source, program = os.path.join(folder, "tell.c"), os.path.join(folder, "tell")
            with open(source, "w", encoding="utf-8") as file:
                file.write("\n".join([*lines, "return 0; }\n"]))
            subprocess.run([compiler, "-std=c11", "-I", header_folder(), "-o", program, source], check=True)
            told = subprocess.run([program], check=True, capture_output=True, encoding="utf-8").stdout.splitlines()
        self.assertEqual(told, expected)

    def test_every_status_has_an_exception(self):
        with open(os.path.join(header_folder(), "mobilenet.h"), encoding="utf-8") as file:
            count = file.read().count("    X(MN_ERROR_")
        self.assertEqual(count, len(errors._CLASSES))
        for status in range(1, count + 1):
            error = errors.from_status(status, "a sentence")
            self.assertIsInstance(error, mobilenet_c.MobileNetError)
            self.assertEqual((str(error), error.status), ("a sentence", status))
        self.assertIs(type(errors.from_status(99, "newer")), mobilenet_c.MobileNetError)

    def test_exceptions_are_pythons_own_too(self):
        for ours, python in [
            (errors.ArgumentError, ValueError),
            (errors.DataTypeError, TypeError),
            (errors.DataTypeError, ValueError),
            (errors.ClosedError, ValueError),
            (errors.NotReadyError, RuntimeError),
            (errors.OutOfMemoryError, MemoryError),
            (errors.MissingFileError, FileNotFoundError),
            (errors.FileAccessError, OSError),
            (errors.FormatError, ValueError),
            (errors.UnsupportedError, ValueError),
            (errors.BackendTimeoutError, TimeoutError),
        ]:
            self.assertTrue(issubclass(ours, python) and issubclass(ours, errors.MobileNetError), ours)

    def test_version(self):
        self.assertRegex(mobilenet_c.__version__, r"^\d+\.\d+\.\d+$")

    def test_nothing_public_is_missing(self):
        for name in mobilenet_c.__all__:
            self.assertTrue(getattr(mobilenet_c, name).__doc__ or name in ("ALL_THREADS", "Photo"), name)


if __name__ == "__main__":
    unittest.main()
