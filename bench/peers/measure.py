# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Worker processes that take turns, and the statistics of what they say. Only the standard library is used."""

import json
import math
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import tempfile
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE_S = 300  # for one answer; loading on a busy machine is the longest


class Skipped(Exception):
    """An engine that cannot take part, with the reason."""


class Column(NamedTuple):
    """What a column of the tables shows: an engine, and what its processes have in their environment beside ours."""
    engine: str
    environment: dict


class Worker:
    """One engine with one model in a process of its own, which is stopped whenever it has nothing to do, so that no
    waiting thread of one engine spins beside another engine's turn."""

    def __init__(self, column, model, threads, cpus, **more):
        request = {"engine": column.engine, "model": model, "threads": threads, "cpus": cpus, **more}
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, "worker.py"), json.dumps(request)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        encoding="utf-8", env={**os.environ, **column.environment})
        try:
            self.facts = self._answer()
        except Skipped:
            self.close()
            raise

    def ask(self, **command):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer, or its absence, says why
        return self._answer()

    def _answer(self):
        ready = select.select([self.process.stdout], [], [], PATIENCE_S)[0]
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Skipped(self._death() if ready else "no answer within %d s" % PATIENCE_S)
        answer = json.loads(line)
        if "skip" in answer:
            raise Skipped(answer["skip"])
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def _death(self):
        code = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        how = "signal %d" % -code if code < 0 else "exit code %d" % code
        return "the process ended with %s: %s" % (how, lines[-1][:300])

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


def start_up(starts):
    """Medians of what fresh processes said: milliseconds and MiB."""
    def median(of, unit):
        return statistics.median(of(facts) / unit for facts in starts)

    def ready(kind, key):
        return statistics.median(times[key] / 1e6 for facts in starts for times in kind(facts))
    found = {"first_ms": median(lambda facts: facts["first_ns"], 1e6),
             "library_mib": median(lambda facts: facts["library_kib"], 1024),
             "model_mib": median(lambda facts: facts["model_kib"], 1024),
             "version": starts[-1]["version"], "remarks": starts[-1]["remarks"]}
    for name, kind in (("fresh", lambda facts: [facts["fresh"]]), ("again", lambda facts: facts["again"])):
        found[name] = {key + "_ms": ready(kind, key + "_ns") for key in ("open", "prepare", "cpu")}
    return found


def percentile(values, share):
    """Value at `share` (0..1) of the sorted values, between neighbours in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def summary(rounds):
    """Milliseconds of rounds, each a list of nanoseconds."""
    times = [t / 1e6 for r in rounds for t in r]
    return {"median": statistics.median(times), "p10": percentile(times, 0.1), "p90": percentile(times, 0.9),
            "least": min(times), "runs": len(times)}


def ratio(rounds, ours):
    """How many times longer than `ours` the other took, round by round: both met the same minute of the machine."""
    each = [statistics.median(a) / statistics.median(b) for a, b in zip(rounds, ours)]
    return {"median": statistics.median(each), "least": min(each), "most": max(each)}


def difference(output, expected):
    """Largest difference between two outputs; null when their sizes differ."""
    if len(output) != len(expected):
        return None
    return max(abs(a - b) for a, b in zip(output, expected))


def rate_summary(rates):
    return {"median": statistics.median(rates), "p10": percentile(rates, 0.1), "p90": percentile(rates, 0.9)}


def take_turns(workers, rounds, seconds, seed, do="burst", what="times"):
    """What each worker answers when told to `do`, by round. The order changes from round to round; a worker that fails
    is left out."""
    times = {name: [] for name in workers}
    failures = {}
    rng = random.Random(seed)
    for _ in range(rounds):
        order = [name for name in workers if name not in failures]
        rng.shuffle(order)
        for name in order:
            try:
                times[name].append(workers[name].ask(do=do, seconds=seconds)[what])
            except Skipped as reason:
                failures[name] = str(reason)
    return {name: t for name, t in times.items() if name not in failures}, failures
