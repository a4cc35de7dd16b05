#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet inspect: text, JSON, the plan and Graphviz.
. tests/cli/common.sh

for model in "$models"/tiny_v2_{int8,uint8,float32}.tflite; do
    expect 0 inspect "$model"
    prints '^input 0  .*1x32x32x3'
    prints 'as a picture: 32x32 RGB'
    prints '^ +0  CONV_2D .*stride 2x2 SAME RELU6'
    prints '^arena +[1-9]'
    prints '^MACs +[1-9]'
    case $model in
        *float32*) prints '^arithmetic  float32$' ;;
        *) prints '^arithmetic  8 bits$' ;;
    esac
    expect 0 inspect --json "$model"
    json 'o["macs"] == sum(p["macs"] for p in o["operators"]) > 0 and o["arena_bytes"] > 0' \
        'o["parameters"] == sum(p["parameters"] for p in o["operators"]) > 0' \
        '[p["index"] for p in o["operators"]] == list(range(len(o["operators"])))' \
        'sum(s["operator_count"] for s in o["steps"]) == len(o["operators"]) and all(s["kernel"] for s in o["steps"])' \
        '[i for s in o["steps"] for i in s["operators"]] == list(range(len(o["operators"])))' \
        'all(o["tensors"][i["tensor"]]["shape"] == [1, 32, 32, 3] for i in o["inputs"])'
    expect 0 inspect --dot "$model"
    prints '^digraph model \{'
    operators=$(grep -c '^  op[0-9]* \[' "$scratch/out")
    edges=$(grep -c -- '->' "$scratch/out")
    [ "$edges" -gt "$operators" ] || fail "$edges edges for $operators operators"
    if command -v dot >/dev/null; then dot -Tsvg "$scratch/out" >/dev/null || fail 'Graphviz refuses'; fi
done

# The plan: every operator in one step, what it moves, and a place that no tensor shares with another at the same time,
# unless it is written over that, which then ends.
for cpu in ref portable ''; do
    for model in "$models"/tiny_v2_{int8,uint8,float32}.tflite; do
        expect 0 inspect --plan --cpu="$cpu" --threads=2 "$model"
        prints '^ +0 +0-[01] +CONV_2D.* mn_conv_.* to [0-9]+$'
        prints ' to the end$'
        prints '^arena +[1-9][0-9]* bytes for tensors and the workspace of 2 threads; step [0-9]+ uses'
        expect 0 inspect --json --plan --cpu="$cpu" --threads=2 "$model"
        json 'sum(s["macs"] for s in o["steps"]) == o["macs"]' \
            'sum(s["packed_bytes"] for s in o["steps"]) == o["packed_bytes"]' \
            'all(s["moved_bytes"] > s["output"]["bytes"] for s in o["steps"] if s["kernel"] != "alias")' \
            'all(s["output"]["offset"] % 64 == 0 for s in o["steps"])' \
            'all(s["output"]["offset"] + s["output"]["bytes"] <= o["arena_bytes"] for s in o["steps"])' \
            'all(s["output"]["first_step"] <= i <= s["output"]["last_step"] for i, s in enumerate(o["steps"]))' \
            'all(a["first_step"] > b["last_step"] or b["first_step"] > a["last_step"] or
                  a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"] or
                  (a["offset"] == b["offset"] and a["bytes"] == b["bytes"] and a["first_step"] == b["last_step"])
                  for steps in [[s["output"] for s in o["steps"] if s["kernel"] != "alias"]]
                  for i, a in enumerate(steps) for b in steps[:i])'
    done
done
# The streamed plan: slices in order, each unit of a step once.
for model in "$models"/tiny_v2_{int8,uint8,float32}.tflite; do
    expect 0 inspect --plan --streamed --cpu=ref "$model"
    prints ' [0-9]+ to [0-9]+, ring of [1-9]'
    prints '^tensors +[1-9][0-9]* bytes with whole inputs, [1-9]'
    prints '^row by row  steps 0 to [1-9][0-9]* in [1-9][0-9]* slices$'
    expect 0 inspect --json --streamed --cpu=ref "$model"
    json 'o["arriving_bytes"] < o["held_bytes"] == o["arena_bytes"] and len(o["slices"]) > len(o["steps"])' \
        'all(sum(n for s, _, n in o["slices"] if s == i) == step["units"] for i, step in enumerate(o["steps"]))' \
        'any(s["output"]["ring"] == 3 for s in o["steps"]) and o["steps"][-1]["output"]["ring"] == 0'
done
# What only a back end runs is shown, but neither run nor made into something else.
custom=tests/golden/custom.tflite
expect 0 inspect "$custom"
prints '^ +0  CUSTOM +1x4x4x3 -> 1x10 .*"ethos-u", 7 bytes of options$'
prints '^not run .*operator 0 \(CUSTOM "ethos-u"\): no delegate claims it'
expect 0 inspect --json "$custom"
json '"steps" not in o and "Vela" in o["not_run"] and o["operators"][0]["inputs"] == [0, 1, 2, 2, -1, 3]'
expect 0 inspect --dot "$custom"
for command in "inspect --plan $custom" "run -m $custom --input /dev/zero --output $scratch/out.raw" \
    "quantize $custom -o $scratch/q.tflite --images $scratch"; do
    # shellcheck disable=SC2086 # a command and its arguments
    expect 1 $command
    says 'operator 0 \(CUSTOM "ethos-u"\): no delegate claims it'
done
# What Vela has compiled: programs for an NPU, and what is left to the processor.
program='is a program for ethos-u65-256: 256 multiply-accumulates a cycle, 48 KB inside, architecture 1.0.6$'
expect 0 inspect "$models/tiny_v2_vela5_u65-256.tflite"
prints "^NPU +operator 0 $program"
prints '^ +program +[1-9][0-9]* commands in [1-9][0-9]* words: [1-9][0-9]* CONV, [1-9][0-9]* DEPTHWISE, .*[1-9][0-9]* DMA$'
prints '^ +weights +[1-9][0-9]* bytes, encoded'
prints '^ +fast memory +[1-9]'
prints '^ +input +0 .*: 3072 bytes at [0-9]+ of the arena$'
prints '^processor +no operator'
expect 0 inspect --json "$models/tiny_v2_vela5_u65-256.tflite"
json 'o["npu"][0]["operations"]["DEPTHWISE"] > 0 and o["npu"][0]["fast_bytes"] > 0 and o["processor"] == []' \
    'all(0 <= p["offset"] and p["offset"] + p["bytes"] <= n["arena_bytes"] for n in o["npu"]
          for p in n["inputs"] + n["outputs"])'
expect 0 inspect "$models/tiny_v2_vela5_u55-128.tflite"
prints 'a program for ethos-u55-128: 128 multiply-accumulates a cycle, 24 KB inside'
prints '^ +input +0 +input: 3072 bytes at 4096 of the arena$'
if grep -q 'fast memory' "$scratch/out"; then fail 'Ethos-U55 has no second memory'; fi
expect 0 inspect "$models/tiny_v2_vela3_u65-256.tflite"
prints "^NPU +operator 2 $program"
prints '^processor +1 operator outside'
prints '^ +1 FULLY_CONNECTED: its weights have a scale for each channel.*--dense per-tensor'
expect 0 inspect --json "$models/tiny_v2_vela3_u65-256.tflite"
json '[n["operator"] for n in o["npu"]] == [0, 2] and [p["name"] for p in o["processor"]] == ["FULLY_CONNECTED"]'
expect 1 run -m "$models/tiny_v2_vela5_u65-256.tflite" --input /dev/zero --output "$scratch/out.raw"
says 'made by Vela: emulate that with --npu=emulate, run it with --external_delegate_path='
expect 0 inspect --npu=emulate "$models/tiny_v2_vela3_u65-256.tflite"
prints '^operators +3, run as 3 steps$'
prints '^processor +1 operator outside'
# What Vela would make of others.
channels=$scratch/channels.tflite
expect 0 quantize "$models/tiny_v2_float32.tflite" -o "$channels" --images "$photos" --limit 1
expect 0 inspect --npu ethos-u65-256 "$channels"
prints '^ +0  CONV_2D +NPU +NPU +3 -> +16 +8 -> +16 +71.9 %$'
prints "^ +[0-9]+  FULLY_CONNECTED +NPU +CPU "
prints '^Vela 5.x takes ([0-9]+) of \1 operators$'
prints '^Vela 3.x takes .*; the processor keeps$'
prints '^Multipliers that channel counts leave idle: [1-9][0-9.]* %'
expect 0 inspect --npu ethos-u65-512 --json "$channels"
json '[p["name"] for p in o["operators"] if p["left_by_vela_3"]] == ["FULLY_CONNECTED"]' \
    'o["operators"][2]["idle"] == 0.875 and all(p["left_by_vela_5"] is None for p in o["operators"])'
expect 0 inspect --npu ethos-u55-32 "$models/tiny_v2_float32.tflite"
prints '^Vela 5.x takes 0 of '
prints 'CONV_2D: its tensors are floats'
expect 2 inspect --npu ethos-u85-256 "$models/tiny_v2_int8.tflite"
says "'ethos-u85-256' is none of"
expect 2 inspect --npu ethos-u65-256 --plan "$models/tiny_v2_int8.tflite"
# Where the cycles of a compiled one go.
expect 0 inspect --npu ethos-u65-256 --plot "$scratch/cycles.svg" "$models/tiny_v2_vela5_u65-256.tflite"
prints '^clock +1000 MHz$'
prints '^ +1  CONV 3x3 of 3 +16x16x16 +110592 +[0-9]+ +[0-9]+ +[0-9.]+ % +[0-9]+ %  multipliers$'
prints '^copies +[0-9]+ bytes in '
prints '^total +[0-9]+ cycles, 0.0[0-9]+ ms; [0-9.]+ % of the multipliers used$'
prints '^i.MX 93 +[0-9]+ cycles, 0.0[0-9]+ ms, with its DRAM of 7.5 bytes a cycle$'
grep -q '>CONV 3x3 of 3, 16x16x16<' "$scratch/cycles.svg" || fail "no convolution in the chart"
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/cycles.svg" || fail "no XML"
expect 0 inspect --npu ethos-u55-128 --json "$models/tiny_v2_vela5_u55-128.tflite"
json 'sum(o["kind"] == "DMA" for o in o["programs"][0]["operations"]) > 0 and o["programs"][0]["clock"] == 5e8' \
    'o["programs"][0]["cycles"] >= max(c["begin"] + c["cycles"] for c in o["programs"][0]["operations"]) - 1'
expect 1 inspect --npu ethos-u55-32 "$models/tiny_v2_vela5_u65-256.tflite"
says 'compiled it for ethos-u65-256'
expect 1 inspect --npu ethos-u55-32 --json "$models/tiny_v2_vela5_u65-256.tflite"
says 'compiled it for ethos-u65-256'
[[ ! -s $scratch/out ]] || fail "half a JSON object"
# A program that stops at once.
python3 - "$models/tiny_v2_vela5_u65-256.tflite" "$scratch/stops.tflite" <<'EOF'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"COP1") + 4
while data[at] != 2:  # what is not the commands: the NPU's description of three words, and words to skip
    at += 12 if data[at] == 1 else 4
data[at + 4:at + 8] = struct.pack("<I", 0)
open(sys.argv[2], "wb").write(data)
EOF
expect 0 inspect --npu ethos-u65-256 "$scratch/stops.tflite"
prints '^total +0 cycles, 0.000 ms; 0.0 % of the multipliers used$'
expect 0 inspect --npu ethos-u65-256 --json "$scratch/stops.tflite"
json 'o["programs"][0]["operations"] == [] and o["programs"][0]["cycles"] == 0'
expect 1 inspect --npu ethos-u65-256 --plot "$scratch/none.svg" "$models/tiny_v2_int8.tflite"
says 'compile the model first'
expect 2 inspect --plot "$scratch/none.svg" "$models/tiny_v2_vela5_u65-256.tflite"
says 'name the NPU'
[[ ! -e $scratch/none.svg ]] || fail "a chart of nothing"
# From a pipe.
expect 0 inspect - <"$model"
prints '^arena +[1-9]'
expect 2 inspect --plan --dot "$model"
says 'excludes'
expect 1 inspect "$scratch/none"
expect 1 inspect tests/cli/test_inspect.sh
says 'test_inspect.sh'

real=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
if [ ! -f "$real" ]; then
    echo 'SKIPPED: the part with a real model; ../shared/models is missing'
    exit 0
fi
expect 0 inspect --json "$real"
json 'all(s["macs_per_byte"] > 0.5 for s in o["steps"] if s["macs"]) and max(s["macs_per_byte"] for s in o["steps"]) > 25' \
    'o["macs"] == 300775552 and o["parameters"] == 3489097 and len(o["operators"]) == 68'
