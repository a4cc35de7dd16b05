# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""One engine with one model in a process of its own: worker.py REQUEST, a JSON object.

Loads, says what that took, and then times runs when told to. Answers are JSON objects, one a line, on what was
standard output at the start; whatever else prints there goes to standard error."""

import ctypes
import json
import os
import signal
import sys
import time

SETTLE_RUNS = 3
SETTLE_SHARE = 0.2  # of each burst: caches, branch predictors and frequency come back after the others' turns
LEAST_RUNS = 5
AGAIN = 9  # loads that follow the first of a process
PR_SET_PDEATHSIG = 1  # of Linux' prctl(2)


def resident_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def timed(action):
    """Nanoseconds that `action` takes."""
    start = time.perf_counter_ns()
    action()
    return time.perf_counter_ns() - start


def start(request):
    """The loaded engine, and what it took."""
    import adapters  # brings NumPy, which is no engine's
    value = adapters.input_for(request["engine"], request["model"])
    before = resident_kib()
    engine = adapters.make(request["engine"], request["threads"])
    imported = resident_kib()
    fresh = get_ready(engine, request["model"])
    engine.take_input(value)
    engine.fill()
    first_ns = timed(engine.invoke)
    facts = {"fresh": fresh, "first_ns": first_ns, "library_kib": imported - before,
             "model_kib": resident_kib() - imported, "version": engine.version(), "remarks": engine.remarks()}
    facts["again"] = [get_ready_again(request) for _ in range(AGAIN)]
    return engine, facts


def get_ready(engine, model):
    """What it takes from the file to an engine that can run: nanoseconds, and those of all processors together."""
    begin = time.process_time_ns()
    open_ns, prepare_ns = timed(lambda: engine.open(model)), timed(engine.prepare)
    return {"open_ns": open_ns, "prepare_ns": prepare_ns, "cpu_ns": time.process_time_ns() - begin}


def get_ready_again(request):
    """The same with another engine, which is thrown away."""
    import adapters
    engine = adapters.make(request["engine"], request["threads"])
    facts = get_ready(engine, request["model"])
    if hasattr(engine, "close"):
        engine.close()
    return facts


def burst(engine, seconds):
    """Times of single runs for about `seconds`, after some that do not count."""
    begin = time.perf_counter()
    settled = 0
    while settled < SETTLE_RUNS or time.perf_counter() - begin < seconds * SETTLE_SHARE:
        engine.fill()
        engine.invoke()
        settled += 1
    times = []
    while len(times) < LEAST_RUNS or time.perf_counter() - begin < seconds:
        engine.fill()
        times.append(timed(engine.invoke))
    return times


def output(engine):
    engine.fill()
    engine.invoke()
    step = engine.step() if hasattr(engine, "step") else 0
    return {"output": engine.output().ravel().tolist(), "step": step}


def start_streams(request):
    """The engine in its mode for throughput, loaded."""
    import adapters
    engine = adapters.make_streams(request["engine"])
    engine.load_streams(request["model"], request["streams"])
    engine.take_stream_inputs(adapters.input_for(request["engine"], request["model"]))
    return engine, {"version": engine.version()}


def serve(request, answer):
    engine, facts = start_streams(request) if "streams" in request else start(request)
    answer(facts)
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "burst":
            answer({"times": burst(engine, command["seconds"])})
        elif command["do"] == "rate":
            engine.rate(command["seconds"] * SETTLE_SHARE)
            answer({"rate": engine.rate(command["seconds"] * (1 - SETTLE_SHARE))})
        elif command["do"] == "output":
            answer(output(engine))


def main():
    request = json.loads(sys.argv[1])
    # Between its turns this process is stopped, and could not see its parent go.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, request["cpus"])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(facts):
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    try:
        serve(request, answer)
    except Exception as error:  # whatever an engine raises is the reason why it is left out
        answer({"skip": "%s: %s" % (type(error).__name__, " ".join(str(error).split())[:300])})


if __name__ == "__main__":
    main()
