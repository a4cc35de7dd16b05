#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The line of docs/porting.md that builds the library's example without CMake works as it stands there, here without
# its optimisation, which takes a minute.
source tests/build/common.sh

line=$(grep -A3 '^cc -std=c11' docs/porting.md) || fail "docs/porting.md has no line that begins with cc -std=c11"
line=${line%%$'\n```'*}
cp -r src include examples "$scratch"
cd "$scratch"
line=${line/-O3/-O0}
bash -c "${line/#cc/$CC}" || fail "the line fails: $line"
status=0
./classify "no such model.tflite" input.raw 2>message || status=$?
[[ $status -eq 1 ]] || fail "the example ends with status $status for a missing model"
grep -q 'no such model.tflite' message || fail "the example does not say which model is missing"
