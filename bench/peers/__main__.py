#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Measures this library beside LiteRT, OpenVINO and ONNX Runtime: latency, start-up and memory.

Each engine runs in a process of its own, pinned to the same processors; the engines take turns in short bursts, so that
a slow moment of the machine meets all of them. Results go to FOLDER/results.json, report.md and chart.svg."""

import argparse
import json
import os
import platform
import sys

import chart
import measure
import models
import report
import tiers

ENGINES = ["mobilenet.c", "litert", "litert:no-xnnpack", "openvino", "onnxruntime"]
OTHERS = ["litert:reference", "litert:delegate", "openvino:bf16", "mobilenet.c:TIER"]
REFERENCE = "litert:reference"
OURS = tiers.OURS
CHART = "![Time of one inference in each engine](benchmarks.svg)\n\n"  # in docs/benchmarks.md
INT8_FLAGS = ["amx_int8", "avx512_vnni", "avx_vnni", "avx2"]  # of /proc/cpuinfo, best first


def engines_of(parser, chosen):
    """Columns by name: those of --engines, then those of --also."""
    found = {name: measure.Column(name, {}) for name in chosen.engines.split(",")}
    for words in chosen.also:
        if len(words) < 2 or words[0] in found or not all(word.find("=") > 0 for word in words[2:]):
            parser.error("--also: '%s' is not a new NAME, an ENGINE and any VARIABLE=VALUE" % " ".join(words))
        found[words[0]] = measure.Column(words[1], dict(word.split("=", 1) for word in words[2:]))
    for column in found.values():
        if column.engine not in ENGINES + OTHERS and not column.engine.startswith(OURS + ":"):
            parser.error("unknown engine '%s'; known are %s" % (column.engine, ", ".join(ENGINES + OTHERS)))
    return found


def limits_of(parser, chosen):
    """Environments of --limit by tier and engine."""
    found = {}
    for words in chosen.limit:
        known = len(words) > 2 and words[0] in tiers.ONEDNN and words[1] in chosen.engines
        if not known or not all(word.find("=") > 0 for word in words[2:]):
            parser.error("--limit: '%s' is not a TIER of %s, one of the engines and any VARIABLE=VALUE" % (
                " ".join(words), ", ".join(tiers.ONEDNN)))
        found[words[0], words[1]] = dict(word.split("=", 1) for word in words[2:])
    return found


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__.split("\n\n")[0],
                                     epilog=__doc__.split("\n\n")[1])
    parser.add_argument("--engines", default=",".join(ENGINES), metavar="LIST",
                        help="of %s [the first %d]" % (", ".join(ENGINES + OTHERS), len(ENGINES)))
    parser.add_argument("--also", action="append", default=[], nargs="+", metavar=("NAME ENGINE", "VARIABLE=VALUE"),
                        help="one more column: ENGINE in an environment with these variables, under another name")
    parser.add_argument("--tiers", default="", metavar="LIST",
                        help="of %s: a table for each, of engines that can be limited to such instructions [none]" %
                        ", ".join(tiers.ONEDNN))
    parser.add_argument("--limit", action="append", default=[], nargs="+", metavar=("TIER ENGINE", "VARIABLE=VALUE"),
                        help="variables that limit ENGINE to TIER; those of this library and OpenVINO are known")
    parser.add_argument("--threads", default="1,2", metavar="LIST", help="threads of one inference [1,2]")
    parser.add_argument("--streams", type=int, default=2, metavar="N",
                        help="inferences at the same time when throughput is measured; 0: it is not [2]")
    parser.add_argument("--types", default=",".join(models.TYPES), metavar="LIST",
                        help="of the models that are made: int8, float32, both, or nothing [both]")
    parser.add_argument("--model", action="append", default=[], metavar="FILE", help="a .tflite file to measure too")
    parser.add_argument("--only", default="", metavar="TEXT", help="leave out models without TEXT in their names")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="turns of each engine [15]")
    parser.add_argument("--seconds", type=float, default=0.3, metavar="S", help="length of one turn [0.3]")
    parser.add_argument("--starts", type=int, default=3, metavar="N", help="processes to time the start in [3]")
    parser.add_argument("--build", default="build", metavar="FOLDER", help="where our own programs are [build]")
    parser.add_argument("--out", default="build/bench", metavar="FOLDER", help="for models and results [build/bench]")
    parser.add_argument("--docs", action="store_true", help="put the report into docs/benchmarks.md and its chart")
    parser.add_argument("--render", metavar="FILE", help="measure nothing; report the results in FILE again")
    chosen = parser.parse_args(arguments)
    chosen.engines = engines_of(parser, chosen)
    chosen.ours = next((name for name, at in chosen.engines.items() if at.engine.partition(":")[0] == OURS), OURS)
    chosen.limits = limits_of(parser, chosen)
    chosen.tiers = [tier for tier in chosen.tiers.split(",") if tier]
    for tier in chosen.tiers:
        if tier not in tiers.ONEDNN:
            parser.error("--tiers: unknown tier '%s'; known are %s" % (tier, ", ".join(tiers.ONEDNN)))
    if chosen.streams < 0:
        parser.error("--streams must be at least 0")
    if min(chosen.rounds, chosen.starts) < 1:
        parser.error("--rounds and --starts must be at least 1")
    for kind in filter(None, chosen.types.split(",")):
        if kind not in models.TYPES:
            parser.error("--types: unknown type '%s'; known are %s" % (kind, ", ".join(models.TYPES)))
    return chosen


def say(text):
    print(text, file=sys.stderr, flush=True)


def processor():
    """Name of the processor, and the best of its instructions for int8."""
    facts = {}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for text in file:
                key, _, value = text.partition(":")
                facts.setdefault(key.strip(), value.strip())
    except OSError:
        pass
    best = [flag for flag in INT8_FLAGS if flag in facts.get("flags", "").split()]
    return " with ".join([facts.get("model name") or platform.machine()] + best[:1])


def expected_output(model, cpus):
    """Output of the reference kernels and the distance of two neighbouring values; None where LiteRT is missing."""
    try:
        worker = measure.Worker(measure.Column(REFERENCE, {}), model, 1, cpus)
    except measure.Skipped:
        return None
    try:
        return worker.ask(do="output")
    except measure.Skipped:
        return None
    finally:
        worker.close()


def start_all(chosen, model, threads, cpus, failures):
    """Workers by name, and what starting took in each; engines that cannot are added to `failures`. Each starts several
    times, in turns, and the last process stays."""
    workers, facts = {}, {}
    for _ in range(chosen.starts):
        for name, column in chosen.engines.items():
            if name in failures:
                continue
            if name in workers:
                workers.pop(name).close()
            try:
                workers[name] = measure.Worker(column, model, threads, cpus)
                facts.setdefault(name, []).append(workers[name].facts)
            except measure.Skipped as reason:
                failures[name] = str(reason)
    return workers, facts


def compare_output(worker, expected):
    """Largest difference from the reference kernels: in steps of the output, or as it is for float."""
    if expected is None:
        return None
    found = measure.difference(worker.ask(do="output")["output"], expected["output"])
    return found / expected["step"] if found is not None and expected["step"] else found


def ours_for(chosen, name):
    """The column that `name` is compared with: ours with as many instructions."""
    for group in chosen.groups:
        if name in group["columns"]:
            return "%s:%s" % (OURS, group["tier"])
    return chosen.ours


def measure_one(chosen, model, threads, cpus, expected):
    """Every engine on one model with one number of threads."""
    failures, engines = {}, {}
    workers, facts = start_all(chosen, model, threads, cpus, failures)
    try:
        times, failed = measure.take_turns(workers, chosen.rounds, chosen.seconds, threads)
        failures.update(failed)
        for name, rounds in times.items():
            engines[name] = {"time": measure.summary(rounds), **measure.start_up(facts[name])}
            ours = ours_for(chosen, name)
            if ours in times:
                engines[name]["ratio"] = measure.ratio(rounds, times[ours])
            try:
                engines[name]["difference"] = compare_output(workers[name], expected)
            except measure.Skipped:
                engines[name]["difference"] = None
    finally:
        for worker in workers.values():
            worker.close()
    return {"model": model["name"], "type": model["type"], "macs": model["macs"], "threads": threads,
            "engines": engines, "skipped": failures}


def measure_rates(chosen, model, cpus):
    """Inferences per second of every engine on one model, in its best mode for that."""
    workers, failures = {}, {}
    try:
        for name, column in chosen.engines.items():
            try:
                workers[name] = measure.Worker(column, model, 1, cpus, streams=chosen.streams)
            except measure.Skipped as reason:
                failures[name] = str(reason)
        rates, failed = measure.take_turns(workers, chosen.rounds, chosen.seconds, chosen.streams, "rate", "rate")
        failures.update(failed)
    finally:
        for worker in workers.values():
            worker.close()
    engines = {name: {"rate": measure.rate_summary(found)} for name, found in rates.items()}
    for name, facts in engines.items():
        ours = rates.get(ours_for(chosen, name))
        if ours:
            facts["ratio"] = measure.rate_summary([one / other for one, other in zip(ours, rates[name])])
    return {"model": model["name"], "type": model["type"], "threads": chosen.streams, "engines": engines,
            "skipped": failures}


def measure_all(chosen):
    load = os.getloadavg()[0]
    available = sorted(os.sched_getaffinity(0))
    tool = os.path.join(chosen.build, "mobilenet")
    os.environ["MOBILENET_LIBRARY"] = os.path.abspath(os.path.join(chosen.build, "libmobilenet.so"))
    kinds = [kind for kind in chosen.types.split(",") if kind]
    chosen.groups = tiers.groups(chosen.engines, chosen.tiers, chosen.limits, tiers.here(tool))
    order = list(chosen.engines)
    for group in chosen.groups:
        chosen.engines.update(group["columns"])
    say("making models")
    measured = [m for m in models.all_models(tool, os.path.join(chosen.out, "models"), kinds, chosen.model)
                if chosen.only in m["name"]]
    results, rates = [], []
    for model in measured:
        if any(column.engine == "onnxruntime" for column in chosen.engines.values()):
            models.add_onnx(model, os.path.join(chosen.out, "models"))
        expected = expected_output(model, available[:1])
        for threads in (int(t) for t in chosen.threads.split(",")):
            if threads > len(available):
                say("SKIPPED: %d threads; this process may use %d processors" % (threads, len(available)))
                continue
            results.append(measure_one(chosen, model, threads, available[:threads], expected))
            say(report.line(results[-1]))
        if 0 < chosen.streams <= len(available):
            rates.append(measure_rates(chosen, model, available[:chosen.streams]))
            say(report.rate_line(rates[-1]))
        elif chosen.streams > 0:
            say("SKIPPED: %d streams; this process may use %d processors" % (chosen.streams, len(available)))
    return {"processor": processor(), "processors": len(available),
            "system": "%s %s" % (platform.system(), platform.machine()), "load": load,
            "rounds": chosen.rounds, "seconds": chosen.seconds, "starts": chosen.starts,
            "order": order, "ours": chosen.ours,
            "columns": {name: column._asdict() for name, column in chosen.engines.items()},
            "tiers": [dict(group, columns=list(group["columns"])) for group in chosen.groups],
            "results": results, "throughput": rates}


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    say("wrote " + path)


def main():
    chosen = parse(sys.argv[1:])
    os.makedirs(chosen.out, exist_ok=True)
    try:
        if chosen.render:
            with open(chosen.render, encoding="utf-8") as file:
                found = json.load(file)
        else:
            found = measure_all(chosen)
            write(os.path.join(chosen.out, "results.json"), json.dumps(found, indent=1) + "\n")
    except models.Failed as error:
        say("bench/peers: %s" % error)
        return 1
    text, picture = report.markdown(found), chart.svg(found)
    write(os.path.join(chosen.out, "report.md"), text)
    write(os.path.join(chosen.out, "chart.svg"), picture)
    if chosen.docs:
        with open("docs/benchmarks.md", encoding="utf-8") as file:
            page = file.read()
        write("docs/benchmarks.md", report.splice(page, CHART + text))
        write("docs/benchmarks.svg", picture)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
