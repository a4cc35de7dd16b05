# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Counts the instructions and the cache misses of one inference on emulated Arm cores: this library by tier, LiteRT with
XNNPACK, with this library's delegate and without either, and TFLite 2.14.0 without, in one run. Each engine is emulated
once with the plugin count and once with cache, others than this library once more with two threads; what the plugins
wrote stays in OUT/CORE-ENGINE/, where bench/predict and counts.py read it."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass

import cores
from counts import Counts

HERE = pathlib.Path(__file__).resolve().parent
LITERT = {"litert:xnnpack": "xnnpack", "litert:delegate": "delegate", "litert:builtin": "builtin",
          "tflite:builtin": "tflite"}


@dataclass
class Result:
    engine: str
    output: str        # hash of the output's bytes
    instructions: int
    accesses: int
    misses: list       # of each level of caches
    writebacks: list


class Refused(Exception):
    """An engine does not run on a core, and why."""


def command(arguments, engine, threads):
    """The emulated program and its arguments, with the emulator's own before them."""
    if engine in LITERT:
        python = sorted(pathlib.Path(arguments.sysroot, "usr/bin").glob("python3.[0-9]*"))[0]
        return ["-L", arguments.sysroot, str(python), str(HERE / "drive_litert.py"), arguments.model, LITERT[engine],
                str(threads)]
    return [str(pathlib.Path(arguments.build, "drive")), arguments.model, engine]


def emulate(arguments, core, engine, plugin, text, threads=1):
    emulator = ["qemu-aarch64", "-cpu", core.emulated, "-plugin", plugin]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1",
                   "MOBILENET_DELEGATE": os.path.abspath(arguments.build + "/aarch64/libmobilenet_delegate.so")}
    environment.pop("MOBILENET_CPU", None)
    done = subprocess.run(emulator + command(arguments, engine, threads), capture_output=True, text=True, env=environment,
                          check=False)
    if done.returncode != 0:
        raise Refused((done.stderr.strip().splitlines() or ["status %d" % done.returncode])[-1])
    text.write_text(done.stdout, encoding="utf-8")
    return next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("output "))


def read_misses(path, levels):
    """Accesses, and misses and lines written back by level, over all parts of what cache.c wrote."""
    accesses, misses, writebacks = 0, [0] * levels, [0] * levels
    for line in path.read_text(encoding="ascii").splitlines():
        fields = line.split()
        accesses += int(fields[3])
        for level in range(levels):
            misses[level] += int(fields[7 + 6 * level])
            writebacks[level] += int(fields[9 + 6 * level])
    return accesses, misses, writebacks


def folder_of(arguments, core, engine):
    return pathlib.Path(arguments.out, "%s-%s" % (core.name, engine.replace(":", "-")))


def save_steps(arguments, core, engine, folder):
    """How the steps are cut for several threads, in steps-N.txt."""
    drive = str(pathlib.Path(arguments.build, "drive"))
    for threads in ("2", "4"):
        done = subprocess.run(["qemu-aarch64", "-cpu", core.emulated, drive, "--steps", arguments.model, engine, threads],
                              capture_output=True, text=True, check=True)
        (folder / ("steps-%s.txt" % threads)).write_text(done.stdout, encoding="utf-8")


def measure(arguments, core, engine):
    folder = folder_of(arguments, core, engine)
    folder.mkdir(parents=True, exist_ok=True)
    if engine in LITERT:
        information = pathlib.Path(arguments.sysroot, "proc/cpuinfo")
        information.parent.mkdir(exist_ok=True)
        information.write_text(cores.cpuinfo(core), encoding="ascii")
    count, cache = folder / "count.txt", folder / "cache.txt"
    plugin = "%s/count.so,out=%s" % (arguments.build, count)
    output = emulate(arguments, core, engine, plugin, folder / "steps.txt")
    plugin = "%s/cache.so,out=%s" % (arguments.build, cache)
    plugin += ",streams=%d" % core.streams + "".join(",level=%d:%d" % size for size in core.caches)
    if emulate(arguments, core, engine, plugin, folder / "steps.txt") != output:
        raise SystemExit("%s on %s gives other bytes from run to run" % (engine, core.name))
    if engine in LITERT:
        plugin = "%s/count.so,who=others,out=%s" % (arguments.build, folder / "others.txt")
        emulate(arguments, core, engine, plugin, folder / "steps.txt", threads=2)
    else:
        save_steps(arguments, core, engine, folder)
    return Result(engine, output, Counts(count).total(), *read_misses(cache, len(core.caches)))


def print_table(core, results):
    """As Markdown. Ratios are to the fewest of this library's."""
    own = [result for result in results if result.engine not in LITERT]
    least = min((result.instructions for result in own), default=None)
    least_misses = min((result.misses[-1] for result in own), default=None)
    caches = ", ".join("%d KiB" % size for size, _ in core.caches)
    print("\n| %s (caches of %s) | M instructions | ratio | M accesses | MB into the first cache | MB from memory | "
          "ratio | MB to memory | output |" % (core.name, caches))
    print("|---|--:|--:|--:|--:|--:|--:|--:|---|")
    for result in results:
        ratio = "%.2f" % (result.instructions / least) if least else ""
        miss_ratio = "%.2f" % (result.misses[-1] / least_misses) if least_misses else ""
        print("| %s | %.1f | %s | %.1f | %.1f | %.1f | %s | %.1f | %s |" % (
            result.engine, result.instructions / 1e6, ratio, result.accesses / 1e6, result.misses[0] * 64e-6,
            result.misses[-1] * 64e-6, miss_ratio, result.writebacks[-1] * 64e-6, result.output))


def parse():
    parser = argparse.ArgumentParser(prog="scripts/arm.sh", description=__doc__)
    parser.add_argument("model", help="a .tflite file")
    parser.add_argument("--build", default="build-arm", help="where the plugins and drive are (%(default)s)")
    parser.add_argument("--out", help="where counts are kept (BUILD/counts)")
    parser.add_argument("--sysroot", help="files of 64-bit Arm with Python and LiteRT; without, only this library")
    parser.add_argument("--cores", default="a53,a55,a76,a510", help="some of %s" % ", ".join(cores.CORES))
    parser.add_argument("--engines", help="tiers of this library, %s (all)" % ", ".join(LITERT))
    arguments = parser.parse_args()
    arguments.out = arguments.out or str(pathlib.Path(arguments.build, "counts"))
    for name in arguments.cores.split(","):
        if name not in cores.CORES:
            parser.error("there is no core %s; choose from %s" % (name, ", ".join(cores.CORES)))
    return arguments


def engines_for(arguments, core):
    """Those asked for, else the tiers that the core runs, but for the reference, and LiteRT."""
    if arguments.engines:
        return arguments.engines.split(",")
    drive = str(pathlib.Path(arguments.build, "drive"))
    tiers = subprocess.run(["qemu-aarch64", "-cpu", core.emulated, drive, "--tiers"], capture_output=True, text=True,
                           check=True).stdout.split()
    return [tier for tier in tiers if tier != "ref"] + (list(LITERT) if arguments.sysroot else [])


def main():
    arguments = parse()
    for name in arguments.cores.split(","):
        core, results = cores.CORES[name], []
        for engine in engines_for(arguments, core):
            try:
                result = measure(arguments, core, engine)
            except Refused as reason:
                print("%s: %s is left out: %s" % (core.name, engine, reason), file=sys.stderr)
                continue
            if results and (result.instructions, result.accesses) == (results[-1].instructions, results[-1].accesses):
                print("%s: %s is left out: it adds nothing to %s" % (core.name, engine, results[-1].engine),
                      file=sys.stderr)
                shutil.rmtree(folder_of(arguments, core, engine))
                continue
            results.append(result)
        if results:
            print_table(core, results)


if __name__ == "__main__":
    main()
