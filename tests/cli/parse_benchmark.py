# SPDX-License-Identifier: MIT
"""Reads the report of benchmark_model, TensorFlow Lite's or ours, the way benchmarking scripts do.

    parse_benchmark.py --self-test       reports of TensorFlow Lite, old and new, must parse
    parse_benchmark.py LOG [--need WORD]... [--csv FILE]

Prints what it found as JSON. WORD: profile, peak. With --csv the tables are read from FILE.
Only the standard library is used.
"""
import csv
import json
import re
import sys

NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
PREFIX = r"^(?:INFO: )?"  # since TensorFlow 2.14
TIMINGS = re.compile(
    PREFIX + r"Inference timings in us: Init: (\d+), First inference: (\d+), "
    rf"Warmup \(avg\): {NUMBER}, Inference \(avg\): {NUMBER}$", re.M)
RUNNING = re.compile(
    PREFIX + rf"Running benchmark for at least (\d+) iterations and at least {NUMBER} seconds but "
    rf"terminate if exceeding {NUMBER} seconds\.$", re.M)
STATS = re.compile(
    PREFIX + rf"count=(\d+) first=(\d+) curr=(\d+) min=(\d+) max=(\d+) avg={NUMBER} std=(\d+)"
    r"(?: p5=(\d+) median=(\d+) p95=(\d+))?$", re.M)
STATS_SAME = re.compile(PREFIX + r"count=(\d+) curr=(\d+)(?:\(all same\))?(?: p5=\d+ median=\d+ p95=\d+)?$", re.M)
SESSION = re.compile(PREFIX + rf"Initialized session in {NUMBER}ms\.$", re.M)
SIZE = re.compile(PREFIX + rf"The input model file size \(MB\): {NUMBER}$", re.M)
MEMORY = re.compile(
    PREFIX + rf"Memory footprint delta from the start of the tool \(MB\): init={NUMBER} overall={NUMBER}$", re.M)
PEAK = re.compile(PREFIX + rf"Overall peak memory footprint \(MB\) via periodic monitoring: {NUMBER}$", re.M)
STATUS = re.compile(r"^(?:INFO: )?[-+] (VmRSS|RssAnnon|RssFile \+ RssShmem) *: (\d+) MB$", re.M)
RULE = re.compile(r"^=+ (Run Order|Top by Computation Time|Summary by node type) =+$")
TITLES = ("Profiling Info for Benchmark Initialization:", "Operator-wise Profiling Info for Regular Benchmark Runs:")


class Malformed(Exception):
    """A part of the report that does not read as it should."""


def percent(text):
    if not text.endswith("%"):
        raise Malformed(f"no percentage: {text!r}")
    return float(text[:-1])


def node_row(fields):
    """One row of the run order or of the slowest nodes. Before 2.13 a [start] column came third."""
    if len(fields) == 9:
        fields = fields[:1] + fields[2:]
    if len(fields) != 8:
        raise Malformed(f"row of {len(fields)} fields: {fields}")
    kind, first, mean, share, rising, memory, calls, name = fields
    return {"type": kind, "first": float(first), "avg_ms": float(mean), "percent": percent(share),
            "cdf": percent(rising), "mem_kb": float(memory), "calls": int(calls), "name": name}


def type_row(fields):
    if len(fields) != 7:
        raise Malformed(f"row of {len(fields)} fields: {fields}")
    kind, count, mean, share, rising, memory, calls = fields
    return {"type": kind, "count": int(count), "avg_ms": float(mean), "percent": percent(share),
            "cdf": percent(rising), "mem_kb": float(memory), "calls": int(calls)}


def parse_tables(text):
    """{title: {section: rows}} of the two profiles, from the log or from a CSV file."""
    profiles, profile, rows, section, header = {}, None, None, None, False
    for line in text.splitlines():
        bare = line.removeprefix("INFO: ")
        if bare in TITLES:
            profile = profiles.setdefault(bare, {})
            rows = None
        elif RULE.match(line) and profile is not None:
            section = RULE.match(line).group(1)
            rows, header = profile.setdefault(section, []), True
        elif rows is not None and not line:
            rows = None
        elif rows is not None and header:
            header = False  # the names of the columns
        elif rows is not None:
            if line.startswith("\t"):
                fields = [field.strip() for field in line.split("\t")[1:]]
            else:
                fields = next(csv.reader([line], skipinitialspace=True))
            rows.append(type_row(fields) if section == "Summary by node type" else node_row(fields))
    return profiles


def parse(log):
    timings = TIMINGS.search(log)
    if timings is None:
        raise Malformed("no 'Inference timings in us' line")
    stats = [match.groups() for match in STATS.finditer(log)] + [m.groups() for m in STATS_SAME.finditer(log)]
    if len(RUNNING.findall(log)) != 2 or not 1 <= len(stats) <= 3:  # two phases, and the total of a profile
        raise Malformed("not one 'Running benchmark' line and one 'count=' line for each of the two phases")
    memory, peak = MEMORY.search(log), PEAK.search(log)
    found = {
        "init_us": int(timings[1]), "first_us": int(timings[2]),
        "warmup_us": float(timings[3]), "inference_us": float(timings[4]),
        "stats": stats,
        "memory_mb": [float(value) for value in memory.groups()] if memory else None,
        "peak_mb": float(peak[1]) if peak else None,
        "status": dict(STATUS.findall(log)),
        "session_ms": float(SESSION.search(log)[1]) if SESSION.search(log) else None,
        "size_mb": float(SIZE.search(log)[1]) if SIZE.search(log) else None,
        "profiles": parse_tables(log),
    }
    return found


def check_profile(profile):
    """The rows must agree with each other."""
    order, slowest, types = (profile[key] for key in ("Run Order", "Top by Computation Time", "Summary by node type"))
    if not order or len(slowest) != min(10, len(order)):
        raise Malformed(f"{len(order)} nodes in order, {len(slowest)} slowest")
    if sum(row["count"] for row in types) != len(order):
        raise Malformed("the counts of the types do not add up to the nodes")
    for rows in (order, types):
        if abs(rows[-1]["cdf"] - 100) > 0.1 or abs(sum(row["percent"] for row in rows) - 100) > 0.5:
            raise Malformed("percentages do not add up to 100")
    means = [row["avg_ms"] for row in slowest]
    if means != sorted(means, reverse=True):
        raise Malformed("slowest nodes are not sorted")
    names = [row["name"] for row in order]
    if len(set(names)) != len(names):
        raise Malformed("two nodes share a name")


def check(found, needs):
    phase = found["stats"][1] if len(found["stats"]) > 1 else None
    if phase is not None and len(phase) == 10:
        count, _, _, low, high, mean = (float(value) for value in phase[:6])
        if not (count >= 1 and low <= mean <= high) or abs(mean - found["inference_us"]) > 1e-4 * mean:
            raise Malformed(f"statistics contradict the timings: {phase}")
        if phase[7] is not None and not low <= int(phase[7]) <= int(phase[8]) <= int(phase[9]) <= high:
            raise Malformed(f"percentiles out of order: {phase}")
    if found["session_ms"] is None or abs(found["session_ms"] * 1000 - found["init_us"]) > 1e-4 * found["init_us"] + 1:
        raise Malformed("'Initialized session' contradicts Init")
    if found["memory_mb"] is None or found["memory_mb"][0] > found["memory_mb"][1]:
        raise Malformed(f"memory: {found['memory_mb']}")
    if "peak" in needs and (not found["peak_mb"] or len(found["status"]) != 3):
        raise Malformed(f"peak memory: {found['peak_mb']}, {found['status']}")
    if "profile" in needs:
        if len(found["profiles"]) != 2:
            raise Malformed(f"profiles: {list(found['profiles'])}")
        for profile in found["profiles"].values():
            check_profile(profile)


# Forms that TensorFlow Lite has printed: LiteRT of 2025, with percentiles and 40 columns for the type; 2.14 with
# prefixes; 2.4 without, and with a [start] column.
HEAD = """\
{0}Initialized session in 4.478ms.
{0}Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
{0}count=1055 first=1033 curr=473 min=443 max=1033 avg=465.319 std=18{1}

{0}Running benchmark for at least 1000 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
{0}count=2112 first=463 curr=459 min=442 max=979 avg=464.545 std=13{1}

{0}Inference timings in us: Init: 4478, First inference: 1033, Warmup (avg): 465.319, Inference (avg): 464.545
{0}Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the actual \
memory footprint of the model at runtime. Take the information at your discretion.
{0}Memory footprint delta from the start of the tool (MB): init=8.97656 overall=18.7227
"""
PERCENTILES = " p5=459 median=463 p95=478"
TABLES = """\
INFO: Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                         AllocateTensors\t    0.291\t    0.291\t100.000%\t100.000%\t   452.000\t        0\tAllocateTensors/0

============================== Top by Computation Time ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                         AllocateTensors\t    0.291\t    0.291\t100.000%\t100.000%\t   452.000\t        0\tAllocateTensors/0

Number of nodes executed: 1
============================== Summary by node type ==============================
\t                             [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t  [mem KB]\t[times called]
\t                         AllocateTensors\t        1\t     0.291\t   100.000%\t   100.000%\t   452.000\t        0

Timings (microseconds): count=1 curr=291
Memory (bytes): count=0
1 nodes observed



INFO: Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t                     Static Reshape (NC)\t    0.085\t    0.003\t  0.779%\t  0.779%\t     0.000\t        1\tDelegate/Static Reshape (NC):0
\t         Fully Connected (NC, PF32) GEMM\t    0.538\t    0.382\t 99.221%\t100.000%\t     0.000\t        1\tDelegate/Fully Connected (NC, PF32) GEMM:1

============================== Top by Computation Time ==============================
\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]
\t         Fully Connected (NC, PF32) GEMM\t    0.538\t    0.382\t 99.221%\t 99.221%\t     0.000\t        1\tDelegate/Fully Connected (NC, PF32) GEMM:1
\t                     Static Reshape (NC)\t    0.085\t    0.003\t  0.779%\t100.000%\t     0.000\t        1\tDelegate/Static Reshape (NC):0

Number of nodes executed: 2
============================== Summary by node type ==============================
\t                             [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t  [mem KB]\t[times called]
\t         Fully Connected (NC, PF32) GEMM\t        1\t     0.382\t    99.221%\t    99.221%\t     0.000\t        1
\t                     Static Reshape (NC)\t        1\t     0.003\t     0.779%\t   100.000%\t     0.000\t        1

Timings (microseconds): count=3166 first=947 curr=406 min=390 max=947 avg=411.071 std=14
Memory (bytes): count=0
2 nodes observed
"""
OLD_ROW = "CONV_2D\t    0.000\t    4.269\t    4.269\t  0.107%\t  0.107%\t     0.000\t        0\t[Relu6]"


def self_test():
    new = parse(HEAD.format("INFO: ", PERCENTILES) + TABLES)
    check(new, {"profile"})
    assert new["stats"][1][7:] == ("459", "463", "478") and new["init_us"] == 4478
    check(parse(HEAD.format("INFO: ", "")), set())
    check(parse(HEAD.format("", "")), set())
    assert node_row(OLD_ROW.split("\t")[:9])["first"] == 4.269
    for damaged in (HEAD.format("INFO: ", PERCENTILES).replace("First inference:", "First:"),
                    HEAD.format("INFO: ", PERCENTILES).replace("avg=464.545", "avg=4.545"),
                    HEAD.format("INFO: ", "") + TABLES.replace("99.221%\t    99.221%", "12.221%\t    99.221%")):
        try:
            check(parse(damaged), {"profile"} if "INFO: Prof" in damaged else set())
        except Malformed:
            continue
        raise AssertionError("a damaged report was accepted")


def main(arguments):
    if arguments == ["--self-test"]:
        self_test()
        return
    log, needs, table = arguments[0], set(), None
    for option, value in zip(arguments[1::2], arguments[2::2]):
        if option == "--need":
            needs.add(value)
        elif option == "--csv":
            table = value
    with open(log, encoding="utf-8") as file:
        found = parse(file.read())
    if table is not None:
        with open(table, encoding="utf-8") as file:
            found["profiles"] = parse_tables(file.read())
    check(found, needs)
    json.dump(found, sys.stdout)
    print()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Malformed as reason:
        sys.exit(f"parse_benchmark.py: {reason}")
