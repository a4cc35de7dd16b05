#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/cli/test_memory.sh [--all]
#
# Memory runs out: each run of a command, of a program that uses the library and of one that loads the delegate meets
# another allocation that fails (tests/failing). It ends with a sentence, frees all and leaves nothing half-written. With --all every allocation fails,
# alone and with all that follow it; else some.
. tests/cli/common.sh

case ${1:-} in -h | --help)
    awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    exit 0
    ;;
esac
failing=${MN_BUILD:-build}/tests/failing
[ -x "$failing" ] || { echo "SKIPPED: $failing is not built"; exit 77; }
runs=20
if [ "${1:-}" = --all ]; then runs=0; fi
if [ -n "${MN_SANITIZE:-}" ]; then runs=5; fi

int8=$models/tiny_v2_int8.tflite
float=$models/tiny_v2_float32.tflite
weights=$scratch/weights.h5
head -c 3072 "$mobilenet" >"$scratch/input"
cp "$scratch/input" "$scratch/input.raw"
mkdir "$scratch/photos" "$scratch/two"
cp $photos/colour420.jpg $photos/gray.jpg $photos/colour2-8bit.png "$scratch/photos"
cp -r models/signs/bump models/signs/deer "$scratch/two"
training=(--data "$scratch/two" --size 32 --width 0.35 --batch 2 --epochs 1 --threads 2)
expect 0 train "${training[@]}" -o "$weights"

# fail TIMES OPTIONS... -- COMMAND...: so many times the runs
fail_all() {
    local times=$1
    shift
    "$failing" --runs $((runs * times)) "$@" || fail "$*"
}
fail_all 2 --same -- library "$int8"
fail_all 2 --same -- library "$float" "$scratch/photos/colour2-8bit.png"
fail_all 1 --same -- delegate "$int8"
fail_all 1 --same -- mobilenet inspect --plan "$int8"
fail_all 1 --same -- mobilenet inspect "$models/custom.tflite"
if [ -e "$(dirname "$mobilenet")/tests/delegates/good.so" ]; then
    fail_all 1 --same -- mobilenet compare "$int8" --images "$scratch/photos" \
        --external_delegate_path="$(dirname "$mobilenet")/tests/delegates/good.so" --external_delegate_options=most:20
fi
fail_all 2 --same --out "$scratch/output" -- mobilenet run -m "$int8" -i "$scratch/input" -o "$scratch/output"
fail_all 2 -- mobilenet classify -m "$int8" "$scratch/photos"
fail_all 2 -- mobilenet evaluate -m "$int8" --compare "$float" --images "$scratch/photos" --jobs 2
fail_all 2 --same --out "$scratch/new.tflite" -- mobilenet new --width 0.35 --size 32 --classes 3 -o "$scratch/new.tflite"
fail_all 2 --same --out "$scratch/a.tflite" -- mobilenet convert "$weights" --size 32 -o "$scratch/a.tflite"
fail_all 2 --out "$scratch/a.tflite" -- mobilenet quantize "$float" --images "$scratch/photos" -o "$scratch/a.tflite"
expect 0 compile "$int8" -o "$scratch/network" --name network
program=()
for file in "$scratch/network"/*; do program+=(--out "$file"); done
fail_all 2 --same "${program[@]}" -- mobilenet compile "$int8" -o "$scratch/network" --name network --plan \
    --check "$scratch/input.raw"
fail_all 1 --out "$scratch/a.tflite" -- mobilenet quantize "$weights" --data-free -o "$scratch/a.tflite"
fail_all 1 --out "$scratch/a.tflite" -- mobilenet quantize "$float" --images "$scratch/photos" --optimize \
    -o "$scratch/a.tflite"
fail_all 1 --out "$scratch/plot.svg" -- mobilenet compare "$float" "$int8" --images "$scratch/photos" \
    --plot "$scratch/plot.svg"
written=(--out "$scratch/b.h5" --timed "$scratch/b.csv" --out "$scratch/b.svg" --out "$scratch/b.labels.txt"
    --timed "$scratch/b.state")
fail_all 1 "${written[@]}" -- mobilenet train "${training[@]}" --val "$scratch/two" -o "$scratch/b.h5"
fail_all 1 "${written[@]}" -- mobilenet train "${training[@]:0:4}" --init "$weights" --qat "${training[@]:6}" \
    -o "$scratch/b.h5"
