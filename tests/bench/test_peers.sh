#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# bench/peers on a tiny model: this library must take part and agree with LiteRT's reference kernels, and engines whose
# packages are missing must be named and left out. Skipped where there is no Python with LiteRT.
set -eu

build=${MN_BUILD:-build}
model=tests/golden/tiny_v2_int8.tflite
for file in "$build/mobilenet" "$build/libmobilenet.so"; do
    if [ ! -e "$file" ]; then
        echo "SKIPPED: $file is not built"
        exit 77
    fi
done
if [ -n "${MN_SANITIZE:-}" ]; then
    echo "SKIPPED: Python cannot load a sanitizer's library"
    exit 77
fi
python=$(scripts/oracle-venv.sh) || exit $?
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

PYTHONDONTWRITEBYTECODE=1 "$python" bench/peers --build "$build" --out "$folder" --types "" --model $model \
    --engines mobilenet.c,mobilenet.c:ref,litert,litert:reference,litert:delegate,openvino,onnxruntime --threads 1 \
    --also "ours, slow" mobilenet.c MOBILENET_CPU=ref --also "ours, nowhere" mobilenet.c MOBILENET_CPU=none --streams 1 --rounds 2 --seconds 0.01 --starts 1 >"$folder/out" 2>"$folder/err" || fail "$(tail -5 "$folder/err")"
"$python" - "$folder/results.json" <<'END' || fail "$(cat "$folder/out")"
import json
import sys

found = json.load(open(sys.argv[1], encoding="utf-8"))
result, = found["results"]
ran, skipped = result["engines"], result["skipped"]
assert (result["model"], result["type"]) == ("tiny_v2_int8", "int8")
for name in ("mobilenet.c", "mobilenet.c:ref", "litert", "litert:reference", "litert:delegate"):
    assert name in ran, skipped
    assert ran[name]["time"]["runs"] >= 10 and ran[name]["model_mib"] > 0
    assert all(ran[name][when][what] > 0 for when in ("fresh", "again") for what in ("open_ms", "prepare_ms", "cpu_ms"))
assert all(ran[name]["difference"] == 0 for name in ("mobilenet.c", "mobilenet.c:ref", "litert:delegate"))
assert ran["mobilenet.c"]["ratio"]["median"] == 1
assert ran["ours, slow"]["difference"] == 0
assert "MOBILENET_CPU" in skipped["ours, nowhere"] and "none" in skipped["ours, nowhere"]
for name in ("openvino", "onnxruntime"):
    assert (name in ran) != (name in skipped)
throughput, = found["throughput"]
assert throughput["threads"] == 1 and set(throughput["engines"]) == set(ran)
assert all(facts["rate"]["median"] > 1 for facts in throughput["engines"].values())
assert throughput["engines"]["mobilenet.c"]["ratio"]["median"] == 1
assert throughput["engines"]["mobilenet.c:ref"]["ratio"]["median"] > 0
END
grep -q '^| tiny_v2_int8 int8 | 1 | \*\*' "$folder/report.md" || fail "no row in $(cat "$folder/report.md")"
grep -q '^| tiny_v2_int8 int8 | 1 | \*\*[0-9]*\*\* (' "$folder/report.md" || fail "no rate in $(cat "$folder/report.md")"
grep -q '</svg>' "$folder/chart.svg" || fail "no chart"
grep -q '^- ours, slow: `mobilenet.c` with `MOBILENET_CPU` set$' "$folder/report.md" || fail "--also is not mentioned"
refuse() {
    code=0
    "$python" bench/peers "$@" >/dev/null 2>"$folder/err" || code=$?
    [ "$code" = 2 ] || fail "exit code $code for $*"
}
refuse --engines nonsense
refuse --also slow nonsense
refuse --also slow
refuse --also litert litert:reference
refuse --also slow litert =value
refuse --tiers avx3
refuse --limit avx3 litert A=1
refuse --limit avx2 litert
refuse --limit avx2 openvino A=1 --engines litert
# Ratios are those to the first column of this library.
PYTHONDONTWRITEBYTECODE=1 "$python" bench/peers --build "$build" --out "$folder" --types "" --model $model --threads 1 \
    --engines litert,mobilenet.c:ref --streams 0 --rounds 1 --seconds 0.01 --starts 1 >/dev/null 2>&1
grep -q '^#### Latency relative to mobilenet.c on ref$' "$folder/report.md" || fail "not compared with the only tier"
grep -q '^| tiny_v2_int8 int8 | 1 | \*\*[0-9.]*\*\* ([0-9.–]*) | 1 |$' "$folder/report.md" || fail "no ratios to it"
# A tier below the best has a table of its own, with what can be limited; the best one has none.
PYTHONDONTWRITEBYTECODE=1 "$python" bench/peers --build "$build" --out "$folder" --types "" --model $model --threads 1 \
    --engines mobilenet.c,litert,onnxruntime --streams 0 --rounds 1 --seconds 0.01 --starts 1 \
    --tiers avx512vnni,avx512,avxvnni,avx2 --limit avx2 litert ANY=1 >/dev/null 2>&1
tiers=$("$build/mobilenet" --version | sed -n 's/^kernel tiers of this processor: //p')
for tier in avx512vnni avx512 avxvnni avx2; do
    table=$(sed -n "/ with the tier .$tier.\$/,/^#### Remarks/p" "$folder/report.md")
    case " $tiers " in
    *" $tier ") [ -z "$table" ] || fail "the best tier, $tier, twice: $table" ;;
    *" $tier "*) grep -q "^| model | threads | mobilenet.c on $tier |" <<<"$table" || fail "no $tier in $table" ;;
    *) grep -q '^Not measured: this processor lacks' <<<"$table" || fail "not said that $tier is lacking" ;;
    esac
done
case " $tiers " in
*" avx2 "?*)
    grep -q '^| tiny_v2_int8 int8 | 1 | \*\*[0-9.]* ([0-9.–]*)\*\* | [0-9.]* ([0-9.]*x) |$' "$folder/report.md" ||
        fail "no ratio with avx2 in $(cat "$folder/report.md")"
    ;;
esac
echo "peers: all passed"
