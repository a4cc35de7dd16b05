#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet run: raw tensors in and out, files whole or not at all.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
head -c 3072 "$model" >"$scratch/in"

expect 0 run -m "$model" --input "$scratch/in" --output "$scratch/one"
[ ! -s "$scratch/out" ] || fail 'something is printed'
[ "$(wc -c <"$scratch/one")" = 10 ] || fail 'the output has not 10 bytes'

# Same bits from every tier and number of threads, and through a pipe.
for arguments in '--cpu ref' '--cpu portable' '--threads 3' '--threads=0' "--tensors $scratch/tensors"; do
    # shellcheck disable=SC2086 # words are wanted
    expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/two" $arguments
    cmp "$scratch/one" "$scratch/two" || fail "other bits with $arguments"
done
"$mobilenet" run -m "$model" -i "$scratch/in" -o /dev/stdout | cmp - "$scratch/one" || fail 'not through a pipe'
expect 0 run -m "$model" -i <(cat "$scratch/in") -o "$scratch/two"
cmp "$scratch/one" "$scratch/two" || fail 'other bits from a pipe'
"$mobilenet" run -m "$model" -i - -o - <"$scratch/in" | cmp - "$scratch/one" || fail 'not from input to output'
code=0
"$mobilenet" run -m "$model" -i "$scratch/in" -o - >/dev/full 2>"$scratch/err" || code=$?
[ "$code" = 1 ] || fail 'a full standard output is no failure'
says 'cannot write standard output'

# Row by row: the same bits, and how much memory; on standard output only where no output goes there.
for model in "$models"/tiny_v2_{int8,uint8}.tflite; do
    for arguments in '' '--cpu ref' '--cpu portable --threads 2'; do
        # shellcheck disable=SC2086 # words are wanted
        expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/whole" $arguments
        # shellcheck disable=SC2086 # words are wanted
        expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/rows" --plan streamed $arguments
        cmp "$scratch/whole" "$scratch/rows" || fail "other bits row by row with $arguments"
        prints '^tensors  4096 bytes with whole inputs, 2368 if their rows arrive when they are needed$'
        prints '^arena    [1-9][0-9]* bytes with the workspace of kernels$'
    done
done
model=$models/tiny_v2_int8.tflite
expect 0 run -m "$model" -i "$scratch/in" --plan streamed
"$mobilenet" run -m "$model" -i "$scratch/in" -o - --plan streamed | cmp - "$scratch/one" || fail 'more than the output'
expect 0 run -m "$model" -i "$scratch/in" --plan streamed --json --cpu ref
json 'o["held_bytes"] == o["arena_bytes"] == 4096 and o["arriving_bytes"] == 2368'
expect 0 run -m "$model" -i "$scratch/in" --plan whole --json
json 'o["arena_bytes"] > 4096 and "held_bytes" not in o'
expect 2 run -m "$model" -i "$scratch/in" --plan streamed --tensors "$scratch/tensors"
says 'give one of both'
expect 2 run -m "$model" -i "$scratch/in" -o "$scratch/rows" --plan sideways

# --tensors: every run-time tensor in its size, the output among them, and no constant.
expect 0 run -m "$model" -i "$scratch/in" --tensors "$scratch/tensors" --json
json 'o["outputs"][0]["file"] is None and o["inputs"][0]["shape"] == [1, 32, 32, 3] and o["milliseconds"] > 0'
cp "$scratch/out" "$scratch/facts"
if command -v python3 >/dev/null; then
    expect 0 inspect --json "$model"
    python3 - "$scratch" <<'EOF' || fail '--tensors'
import json, os, sys
folder = sys.argv[1]
facts = json.load(open(folder + "/facts"))
wanted = {f"{t['index']}.bin": t["bytes"] for t in json.load(open(folder + "/out"))["tensors"] if not t["constant"]}
found = {name: os.path.getsize(f"{folder}/tensors/{name}") for name in os.listdir(folder + "/tensors")}
assert found == wanted, (found, wanted)
name = f"{folder}/tensors/{facts['outputs'][0]['tensor']}.bin"
assert open(name, "rb").read() == open(folder + "/one", "rb").read()
EOF
fi

# Sizes and shapes.
head -c 3071 "$scratch/in" >"$scratch/short"
expect 1 run -m "$model" -i "$scratch/short" -o "$scratch/two"
says 'short: holds 3071 bytes, but input 0 takes 3072'
head -c 3073 "$model" >"$scratch/long"
expect 1 run -m "$model" -i "$scratch/long" -o "$scratch/two"
says 'holds more than the 3072 bytes'
expect 0 run -m "$model" -i <(head -c 6144 "$model") --resize-input 2,32,32,3 -o "$scratch/two"
[ "$(wc -c <"$scratch/two")" = 20 ] || fail 'a batch of two gives not 20 bytes'
cmp -n 10 "$scratch/one" "$scratch/two" || fail 'the first of a batch differs'
expect 0 run -m "$model" -i "$scratch/in" --resize-input=0:1,32,32,3 -o "$scratch/two"
cmp "$scratch/one" "$scratch/two"
expect 1 run -m "$model" -i "$scratch/in" --resize-input 1:1,32,32,3 -o "$scratch/two"
expect 1 run -m "$model" -i "$scratch/in" --resize-input 1,32,32,4 -o "$scratch/two"
expect 2 run -m "$model" -i "$scratch/in" "$scratch/in" -o "$scratch/two"
expect 2 run -m "$model" -i "$scratch/in" -o "$scratch/two" "$scratch/three"
expect 2 run -m "$model" -i "$scratch/in"
expect 1 run -m "$model" -i "$scratch/none" -o "$scratch/two"
says 'No such file'
expect 1 run -m "$model" -i "$scratch" -o "$scratch/two"
says 'it is a folder'

# Files appear whole or not at all, keep their mode, and links stay links.
expect 1 run -m "$model" -i "$scratch/in" -o /dev/full
says '/dev/full: cannot be written: No space left'
expect 1 run -m "$model" -i "$scratch/in" -o "$scratch/none/out"
expect 1 run -m "$model" -i "$scratch/in" -o "$scratch"
echo old >"$scratch/kept"
chmod 640 "$scratch/kept"
ln -s kept "$scratch/link"
expect 1 run -m "$model" -i "$scratch/short" -o "$scratch/link"
[ "$(cat "$scratch/kept")" = old ] || fail 'a failed run changed its output'
expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/link"
cmp "$scratch/one" "$scratch/kept"
if [ ! -L "$scratch/link" ] || [ "$(stat -c %a "$scratch/kept")" != 640 ]; then fail 'a link or its mode is lost'; fi
[ -z "$(find "$scratch" -name '*.tmp-*')" ] || fail 'temporary files are left'

# A full file system in truth, where one can be mounted: nothing is left behind, and the old file is as it was.
code=0
# shellcheck disable=SC2016 # the inner shell expands
unshare -rm bash -c 'mkdir -p "$1/small" && mount -t tmpfs -o size=4k none "$1/small" 2>/dev/null || exit 77
    echo old >"$1/small/out"
    ! "$2" run -m "$3" -i "$1/in" -o "$1/small/out" 2>"$1/err" &&
        [ "$(cat "$1/small/out")" = old ] && [ "$(ls "$1/small")" = out ] &&
        grep -q "No space left" "$1/err" || exit 99' - "$scratch" "$mobilenet" "$model" 2>/dev/null || code=$?
case $code in
0) ;;
99) fail "a full file system: $(cat "$scratch/err")" ;; # unshare itself ends with 1 where it is forbidden
*) echo 'SKIPPED: the part with a full file system; it cannot be mounted here' ;;
esac
