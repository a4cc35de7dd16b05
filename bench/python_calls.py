#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Times the Python package's Interpreter and ai-edge-litert's in turns, and what a call costs beside the library's work.

    MOBILENET_LIBRARIES=build PYTHONPATH=python python3 bench/python_calls.py model.tflite [--rounds 15]

One thread; time of the processor, not of the clock, so that other programs matter little. Medians of the rounds.
"""

import argparse
import statistics
import time

import numpy as np

from mobilenet_c import Interpreter, Session
from mobilenet_c import _library as lib


def microseconds(call, repeats):
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - start) / repeats * 1e6


def prepare(kind, path):
    """An interpreter with an input set, and its two calls around invoke()."""
    interpreter = kind(path, num_threads=1)
    interpreter.allocate_tensors()
    source, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    image = np.random.default_rng(1).integers(0, 100, source["shape"]).astype(source["dtype"])
    return {
        "invoke": interpreter.invoke,
        "set_tensor": lambda: interpreter.set_tensor(source["index"], image),
        "get_tensor": lambda: interpreter.get_tensor(answer["index"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()

    ours = prepare(Interpreter, args.model)
    calls = {f"mobilenet_c {name}": call for name, call in ours.items()}
    session = Session(args.model)
    image = np.ascontiguousarray(session.input())
    pointer, run = session.handle.pointer, lib.core.mn_session_run
    calls["mobilenet_c session.run(image)"] = lambda: session.run(image)
    calls["mobilenet_c session.invoke()"] = session.invoke
    calls["mn_session_run() through ctypes"] = lambda: run(pointer)
    calls["ctypes alone: mn_session_threads()"] = lambda: lib.core.mn_session_threads(pointer)
    try:
        from ai_edge_litert.interpreter import Interpreter as Theirs
    except ImportError:
        print("ai-edge-litert is missing: this package alone")
    else:
        calls.update({f"ai-edge-litert {name}": call for name, call in prepare(Theirs, args.model).items()})

    # Some 20 ms each.
    repeats = {name: max(2, int(20000 / max(1, microseconds(call, 3)))) for name, call in calls.items()}
    times = {name: [] for name in calls}
    for _ in range(args.rounds):
        for name, call in calls.items():
            times[name].append(microseconds(call, repeats[name]))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{value:10.2f} us  {name}")
    if "ai-edge-litert invoke" in medians:
        print(f"invoke: {medians['mobilenet_c invoke'] / medians['ai-edge-litert invoke']:.3f} of ai-edge-litert's time")


if __name__ == "__main__":
    main()
