#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/build/windows_commands.sh FOLDER
#
# The commands for Windows in the build folder FOLDER, in Wine (scripts/cross.sh windows windows-i686): what they write and
# print is what the commands here write and print, byte for byte. Names in other scripts, backslashes, bytes in pipes, and
# files that appear whole.
. tests/build/common.sh

root=$PWD folder=$PWD/$1
here() { "$root/build/mobilenet" "$@"; }
there() { LC_ALL=C.UTF-8 wine "$folder/mobilenet.exe" "$@" 2>"$scratch/err"; }
model=tests/golden/tiny_v2_int8.tflite

# A photo without a library: PPM.
photos="$scratch/Фото 写真"
mkdir -p "$photos"
{ printf 'P6\n40 40\n255\n' && seq 1000 1959; } >"$photos/große.ppm"

equal() { cmp -s "$scratch/here" "$scratch/there" || fail "$1 differs: $(head -n 3 "$scratch/there" "$scratch/err")"; }

for arguments in --help 'help quantize' "inspect --cpu portable $model" 'variants' 'completion bash'; do
    # shellcheck disable=SC2086 # words are wanted
    here $arguments >"$scratch/here"
    # shellcheck disable=SC2086
    there $arguments >"$scratch/there" || fail "$arguments: $(cat "$scratch/err")"
    equal "$arguments"
done
here classify -m "$model" "$photos/große.ppm" | sed 's/inference .* ms//' >"$scratch/here"
there classify -m "${model//\//\\}" "$photos/große.ppm" | sed 's/inference .* ms//' >"$scratch/there" ||
    fail "classify: $(cat "$scratch/err")"
equal 'a photo with a name beyond ASCII'
[ -s "$scratch/there" ] || fail "nothing is said of the photo"
here classify -m "$model" "$photos" | sed 's/inference .* ms//' >"$scratch/here"
there classify -m "$model" "$photos" | sed 's/inference .* ms//' >"$scratch/there"
equal 'a folder of photos'

# Bytes through pipes, 3x32x32 of them: neither line ends nor a byte 26 change them.
{ seq 1 99999 || true; } | head -c 3072 | tr '0-2' '\n\032\r' >"$scratch/input"
here run -m "$model" --input - --output - <"$scratch/input" >"$scratch/here"
there run -m "$model" --input - --output - <"$scratch/input" >"$scratch/there"
equal 'a tensor through pipes'
[ -s "$scratch/there" ] || fail 'no tensor came out'

# Models: the same bytes, in place of an older file, and nothing left beside it.
cd "$scratch"
mkdir made other
echo old >"made/новый.tflite"
there new --width 0.35 --size 32 --classes 3 --seed 7 -o "made/новый.tflite" || fail "new: $(cat "$scratch/err")"
grep -q 'is there already and will be replaced' "$scratch/err" || fail 'nothing is said of the file that is replaced'
here new --width 0.35 --size 32 --classes 3 --seed 7 -o other/new.tflite
# Random weights are made with sines and logarithms, whose last bits are each C library's own.
[ "$(stat -c %s made/новый.tflite)" = "$(stat -c %s other/new.tflite)" ] || fail "'new' writes another size"
cp other/new.tflite made/новый.tflite
export MOBILENET_CPU=portable # which rounds floats alike everywhere
there quantize made/новый.tflite -o made/int8.tflite --images "$photos" >/dev/null ||
    fail "quantize: $(cat "$scratch/err")"
here quantize other/new.tflite -o other/int8.tflite --images "$photos" >/dev/null
cmp made/int8.tflite other/int8.tflite || fail "'quantize' writes other bytes"
there compile made/int8.tflite -o made/c >/dev/null || fail "compile: $(cat "$scratch/err")"
here compile other/int8.tflite -o other/c >/dev/null
diff -r made/c other/c >/dev/null || fail "'compile' writes other files"
[ "$(find made -name '*.tmp-*' | wc -l)" = 0 ] || fail 'temporary files are left'
code=0
there inspect none.tflite || code=$?
[ "$code" = 1 ] || fail "exit code $code of a model that is not there"
grep -q '^mobilenet: none.tflite: cannot be opened' "$scratch/err" || fail "$(cat "$scratch/err")"
there train --data made -o w.h5 && fail 'train has no HDF5 there'
echo "the commands for Windows do what those here do"
