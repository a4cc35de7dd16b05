# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Results as lines and Markdown tables. Only the standard library is used."""

OURS = "mobilenet.c"
TITLES = {"litert": "LiteRT (XNNPACK)", "litert:no-xnnpack": "LiteRT without XNNPACK",
          "litert:reference": "LiteRT reference kernels",
          "litert:delegate": "LiteRT with libmobilenet_delegate", "openvino": "OpenVINO",
          "openvino:bf16": "OpenVINO in bfloat16", "onnxruntime": "ONNX Runtime"}
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"


def title(name):
    family, _, variant = name.rpartition(":")
    return TITLES.get(name) or (" on ".join([TITLES.get(family, family), variant]) if family else name)


def ours_of(found):
    """The column that others are compared with."""
    return found.get("ours", OURS)


def number(value):
    """Three significant digits, without an exponent."""
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


def line(result):
    """One result for whoever waits."""
    parts = ["%s %s, %d thread%s:" % (result["model"], result["type"], result["threads"],
                                      "s" if result["threads"] > 1 else "")]
    for name, facts in result["engines"].items():
        text = "%s %s ms" % (title(name), number(facts["time"]["median"]))
        if name != OURS and "ratio" in facts:
            text += " (%sx)" % number(facts["ratio"]["median"])
        parts.append(text + ";")
    return " ".join(parts + ["%s SKIPPED: %s;" % (title(name), why) for name, why in result["skipped"].items()])


def rate_line(result):
    """One measurement of throughput for whoever waits."""
    parts = ["%s %s, %d streams:" % (result["model"], result["type"], result["threads"])]
    parts += ["%s %s/s;" % (title(name), number(facts["rate"]["median"])) for name, facts in result["engines"].items()]
    return " ".join(parts + ["%s SKIPPED: %s;" % (title(name), why) for name, why in result["skipped"].items()])


def rows_of(found, cell, threads=None, results="results", order=None):
    """Rows of a table with a column for each engine; `cell` makes the text of one engine's facts."""
    rows = []
    for result in found[results]:
        if threads is None or result["threads"] == threads:
            cells = [cell(name, result["engines"][name]) if name in result["engines"] else "–"
                     for name in order or found["order"]]
            rows.append(["%s %s" % (result["model"], result["type"]), str(result["threads"])] + cells)
    return rows


def table(head, rows):
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def engine_table(found, cell, threads=None):
    head = ["model", "threads"] + [title(name) for name in found["order"]]
    return table(head, rows_of(found, cell, threads))


def rate_table(found):
    head = ["model", "streams"] + [title(name) for name in found["order"]]
    return table(head, rows_of(found, rate_cell(ours_of(found)), None, "throughput"))


def rate_cell(ours):
    """Images per second, and how many times as many this library makes."""
    def cell(name, facts):
        text = "%.0f" % facts["rate"]["median"]
        if name == ours:
            return "**%s** (%.0f–%.0f)" % (text, facts["rate"]["p10"], facts["rate"]["p90"])
        return text + (" (%sx)" % number(facts["ratio"]["median"]) if "ratio" in facts else "")
    return cell


def time_cell(ours):
    def cell(name, facts):
        time = facts["time"]
        text = "%s (%s–%s)" % (number(time["median"]), number(time["p10"]), number(time["p90"]))
        return "**%s**" % text if name == ours else text
    return cell


def ratio_cell(ours):
    def cell(name, facts):
        return "–" if "ratio" not in facts else "1" if name == ours else ratio_text(facts["ratio"])
    return cell


def ratio_text(ratio):
    return "**%s** (%s–%s)" % (number(ratio["median"]), number(ratio["least"]), number(ratio["most"]))


def tier_cell(ours):
    """Milliseconds, and the ratio to this library with the same instructions."""
    def cell(name, facts):
        if name == ours or "ratio" not in facts:
            return time_cell(ours)(name, facts)
        return "%s (%sx)" % (number(facts["time"]["median"]), number(facts["ratio"]["median"]))
    return cell


def tier_section(found, group):
    """The table of one tier below the best."""
    head = "#### Milliseconds of one inference with the tier `%s`\n\n" % group["tier"]
    if group["missing"]:
        return head + "Not measured: this processor lacks its instructions."
    lines = ["In brackets: the range of 80 % of the runs, or the ratio to this library with the same tier."]
    if group["unlimited"]:
        lines.append("%s cannot be limited to it." % " and ".join(title(name) for name in group["unlimited"]))
    head += " ".join(lines) + "\n\n" + "\n".join(filter(None, (environment_of(n, found) for n in group["columns"])))
    ours = "%s:%s" % (OURS, group["tier"])
    rows = rows_of(found, tier_cell(ours), order=group["columns"])
    return head.rstrip("\n") + "\n\n" + table(["model", "threads"] + [title(name) for name in group["columns"]], rows)


def ready_cell(which):
    def cell(_, facts):
        times = facts[which]
        return "%s + %s (%s)" % tuple(number(times[key]) for key in ("open_ms", "prepare_ms", "cpu_ms"))
    return cell


def first_cell(_, facts):
    return "%s (%s)" % (number(facts["first_ms"]), number(facts["first_ms"] / facts["time"]["median"]))


def memory_cell(_, facts):
    return "%s + %s" % (number(facts["library_mib"]), number(facts["model_mib"]))


def difference_cell(_, facts):
    value = facts["difference"]
    return "–" if value is None else "0" if value == 0 else "%.2g" % value


def once(found, pick, order=None):
    """What `pick` makes of each engine, the distinct ones, as Markdown list entries."""
    lines = []
    for name in order or found["order"]:
        seen = []
        for result in found["results"]:
            text = pick(name, result)
            if text and text not in seen:
                seen.append(text)
        lines += ["- %s: %s" % (title(name), text) for text in seen]
    return "\n".join(lines)


def version_of(name, result):
    facts = result["engines"].get(name)
    return facts and facts["version"]


def remark_of(name, result):
    facts = result["engines"].get(name)
    return facts and facts["remarks"] and "%s: %s" % (result["type"], facts["remarks"])


def environment_of(name, found):
    """What --also made of an engine. The values are paths of one machine."""
    column = found.get("columns", {}).get(name)
    if not column or column["engine"] == name:
        return None
    names = ", ".join("`%s`" % variable for variable in sorted(column["environment"]))
    return "- %s: `%s`%s" % (title(name), column["engine"], " with %s set" % names if names else "")


def skip_of(name, result):
    why = result["skipped"].get(name)
    return why and "left out for %s %s: %s" % (result["model"], result["type"], why)


def markdown(found):
    """The report."""
    ours = ours_of(found)
    least = min((r["threads"] for r in found["results"]), default=1)
    runs = "%d rounds of %g s for each engine, in changing order" % (found["rounds"], found["seconds"])
    sections = [
        "Measured on %s, %d processors, %s, load average %.1f at the start; %s." % (
            found["processor"], found["processors"], found["system"], found["load"], runs),
        "\n".join([once(found, version_of), *filter(None, (environment_of(n, found) for n in found["order"]))]),
        "#### Milliseconds of one inference\n\nMedian of all runs, with the range of 80 % of them.",
        engine_table(found, time_cell(ours)),
        "#### Latency relative to %s\n\nMedian of the rounds' ratios, with the least and the greatest." % title(ours),
        engine_table(found, ratio_cell(ours)),
        "#### Milliseconds to load and prepare\n\nReading the model + preparing it to run, and in brackets the CPU "
        "time of both, in a fresh process with the library already loaded, median of %d." % found["starts"],
        engine_table(found, ready_cell("fresh"), least),
        "The same, repeated in the same processes, median.",
        engine_table(found, ready_cell("again"), least),
        "#### Milliseconds of the first inference\n\nIn brackets: the ratio to the median of later inferences.",
        engine_table(found, first_cell, least),
        "#### MiB of memory\n\nGrowth of a fresh Python process with NumPy: for the engine's library + for the model, "
        "after the first inference.",
        engine_table(found, memory_cell, least),
        "#### Largest difference from LiteRT's reference kernels\n\nFor the output on one picture, in steps for int8 "
        "and as a probability for float32. ONNX Runtime runs its own int8 quantisation of the network.",
        engine_table(found, difference_cell)]
    if found.get("throughput"):
        sections += [
            "#### Images per second\n\nAs many concurrent inferences as streams, in each engine's best mode for that: "
            "a request queue for OpenVINO, else single-threaded sessions. Median of the rounds; in brackets the range "
            "of 80 %% of them, or how many times as many %s runs." % title(ours),
            rate_table(found)]
    sections += [tier_section(found, group) for group in found.get("tiers", [])]
    everyone = found["order"] + [name for group in found.get("tiers", []) for name in group["columns"]]
    notes = "\n".join(text for text in (once(found, remark_of), once(found, skip_of, everyone)) if text)
    if notes:
        sections += ["#### Remarks", notes]
    return "\n\n".join(sections) + "\n"


def splice(page, text):
    """`page` with `text` between its two markers."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError("the page must have '%s' and '%s' once each" % (BEGIN, END))
    return page[:page.index(BEGIN) + len(BEGIN)] + "\n\n" + text + "\n" + page[page.index(END):]
