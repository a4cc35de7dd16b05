#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""bench/peers: statistics, report and chart on made-up results, and workers that end badly. Needs no engine."""

import os
import sys
import tempfile
import unittest
from xml.etree import ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "bench", "peers"))
import chart  # noqa: E402
import measure  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import svg  # noqa: E402
import tiers  # noqa: E402


def facts(median, ratio, difference=0):
    return {"time": {"median": median, "p10": median * 0.9, "p90": median * 1.2, "least": median, "runs": 9},
            "ratio": {"median": ratio, "least": ratio * 0.95, "most": ratio * 1.05}, "difference": difference,
            "fresh": {"open_ms": 0.5, "prepare_ms": 2.0, "cpu_ms": 2.4},
            "again": {"open_ms": 0.25, "prepare_ms": 1.0, "cpu_ms": 1.2}, "first_ms": median * 1.5, "library_mib": 1.0, "model_mib": 12.5, "version": "1.2",
            "remarks": ""}


def results():
    engines = {"mobilenet.c": facts(1.5, 1), "litert": facts(4.5, 3), "openvino": facts(120, 80, None)}
    one = {"model": "1.0@224 <&>", "type": "int8", "macs": 1, "threads": 1, "engines": engines,
           "skipped": {"onnxruntime": "No module named 'onnxruntime'"}}
    return {"processor": "CPU", "processors": 2, "system": "Linux", "load": 0.5, "rounds": 3, "seconds": 0.1,
            "starts": 2, "order": ["mobilenet.c", "litert", "openvino", "onnxruntime"],
            "results": [one, dict(one, threads=2)]}


class Statistics(unittest.TestCase):
    def test_percentile(self):
        self.assertEqual(measure.percentile([4, 1, 3, 2], 0), 1)
        self.assertEqual(measure.percentile([4, 1, 3, 2], 0.5), 2.5)
        self.assertEqual(measure.percentile([4, 1, 3, 2], 1), 4)
        self.assertEqual(measure.percentile([7], 0.9), 7)

    def test_summary_is_in_milliseconds(self):
        found = measure.summary([[1000000, 3000000], [2000000]])
        self.assertEqual((found["median"], found["least"], found["runs"]), (2.0, 1.0, 3))

    def test_ratio_compares_rounds_with_each_other(self):
        # Twice as long in each round, although the machine was ten times slower in the second.
        found = measure.ratio([[2, 2, 9], [20, 20]], [[1, 1, 1], [10, 10]])
        self.assertEqual(found, {"median": 2, "least": 2, "most": 2})

    def test_start_up(self):
        def facts(first, *again):
            return {"fresh": dict.fromkeys(("open_ns", "prepare_ns", "cpu_ns"), first), "first_ns": 2e6,
                    "again": [dict.fromkeys(("open_ns", "prepare_ns", "cpu_ns"), time) for time in again],
                    "library_kib": 2048, "model_kib": 512, "version": "1", "remarks": ""}
        found = measure.start_up([facts(9e6, 1e6, 2e6), facts(7e6, 3e6, 4e6), facts(8e6, 5e6, 5e6)])
        self.assertEqual(found["fresh"]["open_ms"], 8)
        self.assertEqual(found["again"]["cpu_ms"], 3.5)
        self.assertEqual((found["first_ms"], found["library_mib"], found["model_mib"]), (2, 2, 0.5))

    def test_difference(self):
        self.assertEqual(measure.difference([1, 5], [1, 2]), 3)
        self.assertIsNone(measure.difference([1], [1, 2]))


class Report(unittest.TestCase):
    def test_markdown(self):
        text = report.markdown(results())
        self.assertIn("| 1.0@224 <&> int8 | 1 | **1.50 (1.35–1.80)** | 4.50 (4.05–5.40) | 120 (108–144) | – |", text)
        self.assertIn("| 1.0@224 <&> int8 | 2 | 1 | **3.00** (2.85–3.15) | **80.0** (76.0–84.0) | – |", text)
        self.assertIn("| 1.0@224 <&> int8 | 1 | 2.25 (1.50) |", text)
        self.assertIn("| 1.0@224 <&> int8 | 1 | 0.50 + 2.00 (2.40) |", text)
        self.assertIn("| 1.0@224 <&> int8 | 1 | 0.25 + 1.00 (1.20) |", text)
        self.assertEqual(text.count("- ONNX Runtime: left out for 1.0@224 <&> int8: No module"), 1)
        for row in text.splitlines():
            if row.startswith("|"):
                self.assertEqual(row.count("|"), 7, row)

    def test_line_names_who_is_skipped(self):
        text = report.line(results()["results"][0])
        self.assertIn("LiteRT (XNNPACK) 4.50 ms (3.00x);", text)
        self.assertIn("ONNX Runtime SKIPPED: No module", text)

    def test_throughput(self):
        rate = {"median": 700.4, "p10": 650, "p90": 710}
        engines = {"mobilenet.c": {"rate": rate, "ratio": {"median": 1}},
                   "litert": {"rate": dict(rate, median=350), "ratio": {"median": 2}}}
        one = dict(results()["results"][0], threads=4, engines=engines)
        text = report.markdown(dict(results(), throughput=[one]))
        self.assertIn("| 1.0@224 <&> int8 | 4 | **700** (650–710) | 350 (2.00x) | – | – |", text)
        self.assertIn("4 streams: mobilenet.c 700/s; LiteRT (XNNPACK) 350/s; ONNX Runtime SKIPPED", report.rate_line(one))
        self.assertNotIn("Images per second", report.markdown(results()))

    def test_tiers(self):
        found = results()
        found["columns"] = {"litert:avx2": {"engine": "litert", "environment": {"HIDE": "avx512"}},
                            "mobilenet.c:avx2": {"engine": "mobilenet.c:avx2", "environment": {}}}
        for one in found["results"]:
            one["engines"].update({"mobilenet.c:avx2": facts(3, 1), "litert:avx2": facts(6, 2)})
        found["tiers"] = [{"tier": "avx2", "missing": False, "columns": ["mobilenet.c:avx2", "litert:avx2"],
                           "unlimited": ["onnxruntime"]},
                          {"tier": "avxvnni", "missing": True, "columns": [], "unlimited": []}]
        text = report.markdown(found)
        self.assertIn("| model | threads | mobilenet.c on avx2 | LiteRT (XNNPACK) on avx2 |", text)
        self.assertIn("| 1.0@224 <&> int8 | 1 | **3.00 (2.70–3.60)** | 6.00 (2.00x) |", text)
        self.assertIn("ONNX Runtime cannot be limited to it.", text)
        self.assertIn("- LiteRT (XNNPACK) on avx2: `litert` with `HIDE` set", text)
        self.assertIn("tier `avxvnni`\n\nNot measured: this processor lacks its instructions.", text)

    def test_columns_of_tiers(self):
        found = tiers.groups(["mobilenet.c", "litert", "openvino"], ["avx512", "avxvnni", "avx2"],
                             {("avx2", "litert"): {"A": "1"}}, ["ref", "avx2", "avx512"])
        self.assertEqual([group["tier"] for group in found], ["avxvnni", "avx2"])
        self.assertTrue(found[0]["missing"] and not found[0]["columns"])
        self.assertEqual({name: column.environment for name, column in found[1]["columns"].items()},
                         {"mobilenet.c:avx2": {}, "litert:avx2": {"A": "1"},
                          "openvino:avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2"}})

    def test_no_results(self):
        empty = dict(results(), results=[])
        self.assertIn("| model | threads |", report.markdown(empty))
        ElementTree.fromstring(chart.svg(empty))

    def test_splice(self):
        page = "a\n%s\nold\n%s\nb\n" % (report.BEGIN, report.END)
        once = report.splice(page, "new\n")
        self.assertNotIn("old", once)
        self.assertTrue(once.startswith("a\n") and once.endswith("b\n"))
        self.assertEqual(report.splice(once, "new\n"), once)
        self.assertRaises(ValueError, report.splice, "no markers", "new\n")

    def test_page_has_room_for_the_report(self):
        with open(os.path.join(ROOT, "docs", "benchmarks.md"), encoding="utf-8") as file:
            self.assertIn("new", report.splice(file.read(), "new\n"))


class Chart(unittest.TestCase):
    def test_bars(self):
        root = ElementTree.fromstring(chart.svg(results()))
        width, height = float(root.get("width")), float(root.get("height"))
        space = "{http://www.w3.org/2000/svg}"
        bars = [r for r in root.iter(space + "rect") if r.get("height") != "100%"]
        self.assertEqual(len(bars), 6)
        widths = [float(bar.get("width")) for bar in bars[:3]]
        self.assertAlmostEqual(widths[1] / widths[0], 3, 1)
        self.assertAlmostEqual(widths[2] / widths[0], chart.LIMIT, 1)  # cut
        self.assertEqual(len(list(root.iter(space + "path"))), 2)
        for bar in bars:
            self.assertLess(float(bar.get("x")) + float(bar.get("width")), width)
            self.assertLess(float(bar.get("y")) + float(bar.get("height")), height)
        self.assertIn("4.50 ms, 3.00x", [t.text for t in root.iter(space + "text")])


class Look(unittest.TestCase):
    def test_scripts_and_commands_draw_alike(self):
        text = ""
        for name in ("chart.h", "chart.c"):
            with open(os.path.join(ROOT, "src", "chart", name)) as file:
                text += file.read()
        for name, value in (("NAVY", svg.NAVY), ("RED", svg.RED)):
            self.assertIn('#define MN_CHART_%s "%s"' % (name, value), text)
        self.assertIn("MN_CHART_LETTERS = %d, MN_CHART_TITLE = %d" % (svg.LETTERS, svg.TITLE), text)
        self.assertIn("MARGIN = %d, TITLE_BASE = %d" % (svg.MARGIN, svg.TITLE_BASE), text)
        drawing = svg.Drawing(1, 2)
        drawing.grid(0, 0, 1, 1)
        sheet = drawing.finish().replace('"', '\\"')
        for part in ('font-family=\\"sans-serif\\"', 'fill=\\"#222\\"', 'height=\\"100%\\" fill=\\"#fff\\"/>',
                     'stroke=\\"#ddd\\"/>'):
            self.assertIn(part, sheet)
            self.assertIn(part.replace("%", "%%"), text)


class Workers(unittest.TestCase):
    def test_an_engine_that_is_not_there_is_skipped_with_a_reason(self):
        nobody = measure.Column("nobody", {})
        with self.assertRaises(measure.Skipped) as caught:
            measure.Worker(nobody, {"input_shape": [1, 8, 8, 3]}, 1, sorted(os.sched_getaffinity(0))[:1])
        self.assertRegex(str(caught.exception), "nobody|numpy")

    def test_a_failing_worker_leaves_the_others(self):
        class Fine:
            def ask(self, **_):
                return {"times": [5]}

        class Broken:
            def ask(self, **_):
                raise measure.Skipped("broken")
        times, failures = measure.take_turns({"a": Fine(), "b": Broken()}, 3, 0.1, 1)
        self.assertEqual((times, failures), ({"a": [[5], [5], [5]]}, {"b": "broken"}))

    def test_pictures_are_png(self):
        data = models.png(32, 1)
        self.assertTrue(data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82"))
        with tempfile.TemporaryDirectory() as folder:
            tool = os.path.join(os.environ.get("MN_BUILD", "build"), "mobilenet")
            if not os.path.exists(tool):
                self.skipTest("%s is not built" % tool)
            path = os.path.join(folder, "p.png")
            with open(path, "wb") as file:
                file.write(data)
            models.run([tool, "classify", "-m", os.path.join(ROOT, "tests", "golden", "tiny_v2_int8.tflite"), path])


if __name__ == "__main__":
    unittest.main(verbosity=1)
