#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet inspect: text, JSON and Graphviz.
. tests/cli/common.sh

for model in "$models"/tiny_v2_{int8,uint8,float32}.tflite; do
    expect 0 inspect "$model"
    prints '^input 0  .*1x32x32x3'
    prints 'as a picture: 32x32 RGB'
    prints '^ +0  CONV_2D .*stride 2x2 SAME RELU6'
    prints '^arena +[1-9]'
    prints '^MACs +[1-9]'
    expect 0 inspect --json "$model"
    json 'o["macs"] == sum(p["macs"] for p in o["operators"]) > 0 and o["arena_bytes"] > 0'
    json 'o["parameters"] == sum(p["parameters"] for p in o["operators"]) > 0'
    json '[p["index"] for p in o["operators"]] == list(range(len(o["operators"])))'
    json 'sum(s["operator_count"] for s in o["steps"]) == len(o["operators"]) and all(s["kernel"] for s in o["steps"])'
    json 'all(o["tensors"][i["tensor"]]["shape"] == [1, 32, 32, 3] for i in o["inputs"])'
    expect 0 inspect --dot "$model"
    prints '^digraph model \{'
    operators=$(grep -c '^  op[0-9]* \[' "$scratch/out")
    edges=$(grep -c -- '->' "$scratch/out")
    [ "$edges" -gt "$operators" ] || fail "$edges edges for $operators operators"
    if command -v dot >/dev/null; then dot -Tsvg "$scratch/out" >/dev/null || fail 'Graphviz refuses'; fi
done
expect 1 inspect "$scratch/none"
expect 1 inspect tests/cli/test_inspect.sh
says 'test_inspect.sh'

real=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
if [ ! -f "$real" ]; then
    echo 'SKIPPED: the part with a real model; ../shared/models is missing'
    exit 0
fi
expect 0 inspect --json "$real"
json 'o["macs"] == 300775552 and o["parameters"] == 3489097 and len(o["operators"]) == 68'
