# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Vela, and what it compiles on the emulated Ethos-U."""

import json
import os
import subprocess
import sys

import numpy as np

from mobilenet_c import ROOT

ACCELERATORS = ["ethos-u65-256", "ethos-u65-512", "ethos-u55-256", "ethos-u55-128", "ethos-u55-64", "ethos-u55-32"]
DRIVER = os.path.join(os.environ.get("MN_BUILD", os.path.join(ROOT, "build")), "tests", "npu_driver")


class Vela:
    """Vela of one version; `python` is the interpreter of its environment."""

    def __init__(self, python):
        server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vela_server.py")
        self.process = subprocess.Popen([python, server], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        code = "import importlib.metadata; print(importlib.metadata.version('ethos-u-vela'))"
        self.version = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True).stdout.strip()

    def compile(self, path, folder, *options):
        """The compiled model's path and None; or None and what went wrong."""
        self.process.stdin.write(json.dumps([path, "--output-dir", folder] + list(options)) + "\n")
        self.process.stdin.flush()
        problem = json.loads(self.process.stdout.readline())
        out = os.path.join(folder, os.path.basename(path)[:-len(".tflite")] + "_vela.tflite")
        if problem or not os.path.exists(out):
            return None, problem or "no output"
        return out, None


def find_velas(named):
    """Interpreters that have Vela: those named, else the one of scripts/vela.sh."""
    command = os.environ.get("MOBILENET_VELA")
    places = [os.path.join(ROOT, "build", "vela-venv", "bin", "python")]
    if command:
        places = [os.path.join(os.path.dirname(command), "python"), os.path.join(command, "bin", "python")] + places
    found = named or [p for p in places if os.path.isfile(p)][:1]
    if not found or not os.path.exists(DRIVER):
        print("SKIPPED: no %s" % ("Vela; name the Python of one with --vela" if not found else DRIVER))
        sys.exit(77)
    return [Vela(p) for p in found]


def random_options(rng):
    """Vela's arguments: accelerator, optimisation, size of the cache."""
    accelerator = ACCELERATORS[int(rng.integers(len(ACCELERATORS)))]
    options = ["--accelerator-config", accelerator, "--optimise", ["Performance", "Size"][int(rng.integers(2))]]
    if "u65" in accelerator and rng.random() < 0.5:
        options += ["--arena-cache-size", str(int(rng.choice([32768, 131072, 262144, 393216])))]
    return options


def is_compiled(path):
    """Is anything in the file for the NPU?"""
    with open(path, "rb") as file:
        return b"ethos-u" in file.read()


class Refused(Exception):
    """The emulator said no, with its sentence, or died."""


def emulate(path, runs, details):
    """Outputs of each run of a compiled model; `runs`: lists of inputs; `details`: shape and dtype of each output."""
    data = b"".join(np.ascontiguousarray(value).tobytes() for inputs in runs for value in inputs)
    done = subprocess.run([DRIVER, path, str(len(runs))], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Refused("status %d: %s" % (done.returncode, done.stderr.decode().strip()))
    results, at = [], 0
    for _ in runs:
        outputs = []
        for shape, dtype in details:
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            outputs.append(np.frombuffer(done.stdout[at:at + size], dtype).reshape(shape))
            at += size
        results.append(outputs)
    if at != len(done.stdout):
        raise Refused("%d bytes of outputs, expected %d" % (len(done.stdout), at))
    return results
