#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What README.md begins with: its pictures are what their script makes of the measurements and, with MN_LONG_TESTS, of what
# the commands answer; and the commands after recipe.sh run as they stand there.
source tests/build/common.sh

need python3
script=scripts/make_first_screen.py
cmp <($script speed) docs/speed.svg || fail "docs/speed.svg differs; run $script speed >docs/speed.svg"
while read -r name; do
    [[ -e $name ]] || fail "README.md names $name, which is not there"
done < <(grep -oE '\]\([a-z][^)#:]*|src="[^"]*' README.md | sed 's/^[^("]*[("]//' | sort -u)

[[ -n ${MN_LONG_TESTS:-} ]] || skip "docs/speed.svg and all links are right; ./test.sh --all tries the commands"
weights=(../shared/models/mobilenet_v2_weights*_1.0_224.h5)
[[ -r ${weights[0]} && $MN_BUILD -ef build && -x build/mobilenet && -x build/benchmark_model ]] ||
    skip "docs/speed.svg is right; the rest needs the commands in build/ and ImageNet's weights in ../shared/models"
cmp <($script classified "${weights[0]}") docs/classified.svg ||
    fail "docs/classified.svg differs; run $script classified ${weights[0]} >docs/classified.svg"

root=$PWD
ln -s "$root/build" "$root/examples" "$scratch"
mkdir "$scratch/out"
build/mobilenet quantize "${weights[0]}" --data-free -o "$scratch/out/mobilenet_v2_quant_int8.tflite" >/dev/null 2>&1 ||
    fail "${weights[0]} is not quantised"
cd "$scratch"
# shellcheck disable=SC2016 # the marks around code are no expansion
sed -n '/^```sh$/,/^```$/p' "$root/README.md" | sed '1,2d; /^```$/q' | sed '$d' >commands
[[ $(wc -l <commands) -eq 2 ]] || fail "README.md begins with other commands: $(cat commands)"
bash -e commands >said 2>&1 || fail "a command of README.md fails: $(cat commands said)"
grep -q '%  Egyptian cat$' said || fail "the photo is no cat: $(cat said)"
grep -q 'Inference (avg)' said || fail "no time is measured: $(cat said)"
