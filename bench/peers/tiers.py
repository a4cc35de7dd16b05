# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What an engine must be told to use no more instructions than a tier of this library does. Only the standard library
is used."""

import models
from measure import Column

OURS = "mobilenet.c"
# Tiers of this library, the best first, and what oneDNN calls the same; its primitives obey, OpenVINO's own kernels do
# not ask.
ONEDNN = {"avx512vnni": "AVX512_CORE_VNNI", "avx512": "AVX512_CORE", "avxvnni": "AVX2_VNNI", "avx2": "AVX2"}


def here(tool):
    """The tiers of this processor, as `mobilenet --version` lists them, the best last."""
    for line in models.run([tool, "--version"]).splitlines():
        name, _, listed = line.partition(": ")
        if name == "kernel tiers of this processor":
            return listed.split()
    return []


def limited(engine, tier, limits):
    """A column of `engine` with the instructions of `tier`; None where nothing is known that limits it. `limits` are
    environments by tier and engine."""
    if (tier, engine) in limits:
        return Column(engine, limits[tier, engine])
    if engine == OURS:
        return Column("%s:%s" % (OURS, tier), {})
    return Column(engine, {"ONEDNN_MAX_CPU_ISA": ONEDNN[tier]}) if engine == "openvino" else None


def groups(engines, tiers, limits, available):
    """For each of `tiers`: its columns by name, and the engines that cannot be limited to it. Where the processor lacks
    a tier there are no columns; the best one has those that are measured anyway, so no group."""
    found = []
    for tier in tiers:
        if available and tier == available[-1]:
            continue
        columns = {engine: limited(engine, tier, limits) for engine in engines if tier in available}
        found.append({"tier": tier, "missing": tier not in available,
                      "columns": {"%s:%s" % (name, tier): column for name, column in columns.items() if column},
                      "unlimited": [name for name, column in columns.items() if not column]})
    return found
