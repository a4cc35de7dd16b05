#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet train: from folders to weights that classify, stopped and resumed to the same bytes, and bad input.
. tests/cli/common.sh

signs=models/signs
common=(--data "$signs" --size 32 --width 0.35 --batch 12 --threads 2 --area '0.8,1' --no-flip --colour fast)

# interrupted OUT.h5: trains until there is a checkpoint, and is then interrupted.
interrupted() {
    "$mobilenet" train "${common[@]}" --epochs 40 --out "$1" >"$scratch/out" 2>"$scratch/err" &
    local process=$!
    while [ ! -e "${1%.h5}.state" ] && kill -0 $process 2>/dev/null; do sleep 0.05; done
    kill -INT $process 2>/dev/null || true
    local code=0 wanted=130
    wait $process || code=$?
    if grep -q '^epoch  40/40' "$scratch/out"; then wanted=0; else prints '^stopped .*--resume goes on$'; fi
    [ "$code" = "$wanted" ] || fail "SIGINT ends with code $code instead of $wanted"
    if ls "$scratch"/*.tmp-* 2>/dev/null; then fail "half a file is left of an interruption"; fi
}

# What is written, and that Keras' layout is what convert reads.
expect 0 train "${common[@]}" --val "$signs" --epochs 2 --out "$scratch/a.h5"
prints '^memory +[0-9]+ MiB for the training, up to [0-9]+ MiB for decoded pictures$'
prints '^epoch +2/2 .*held out: loss [0-9.]+ +accuracy +[0-9.]+ %.*images/s'
head -n 1 "$scratch/a.labels.txt" | grep -qx ahead_only || fail "no labels"
[ "$(wc -l <"$scratch/a.labels.txt")" = 36 ] || fail "not 36 labels"
[ "$(wc -l <"$scratch/a.csv")" = 3 ] || fail "not two epochs in the table"
grep -q '</svg>' "$scratch/a.svg" || fail "no curves"
if "$mobilenet" help 2>&1 | grep -q '  convert '; then
    expect 0 convert "$scratch/a.h5" --size 32 -o "$scratch/a.tflite"
    expect 0 evaluate -m "$scratch/a.tflite" --labels "$scratch/a.labels.txt" --images "$signs"
fi

# The same seed and threads give the same bytes; another seed does not.
expect 0 train "${common[@]}" --val "$signs" --epochs 2 --out "$scratch/b.h5"
cmp "$scratch/a.h5" "$scratch/b.h5" || fail "the same command gave other weights"
expect 0 train "${common[@]}" --val "$signs" --epochs 2 --seed 1 --out "$scratch/c.h5"
if cmp -s "$scratch/a.h5" "$scratch/c.h5"; then fail "the seed changes nothing"; fi

# A checkpoint lies between an epoch's last step and its end: the last one gives the files again.
expect 0 train "${common[@]}" --epochs 40 --out "$scratch/whole.h5"
for end in h5 csv svg; do mv "$scratch/whole.$end" "$scratch/kept.$end"; done
expect 0 train "${common[@]}" --epochs 40 --out "$scratch/whole.h5" --resume
for end in h5 csv svg; do
    cmp "$scratch/kept.$end" "$scratch/whole.$end" || fail "another .$end from the last checkpoint"
done

# Interrupted wherever it happens to be, and resumed: the same bytes as without.
interrupted "$scratch/cut.h5"
expect 0 train "${common[@]}" --epochs 40 --out "$scratch/cut.h5" --resume
cmp "$scratch/whole.h5" "$scratch/cut.h5" || fail "resuming gave other weights"

# Going on with other settings is refused, as is a damaged checkpoint.
expect 1 train "${common[@]}" --epochs 2 --seed 7 --out "$scratch/a.h5" --resume
says '--seed differs'
head -c 1000 "$scratch/a.state" >"$scratch/b.state"
expect 1 train "${common[@]}" --epochs 2 --out "$scratch/b.h5" --resume
says 'b.state: is damaged'
expect 1 train "${common[@]}" --out "$scratch/none.h5" --resume
says 'none.state'

# Fine-tuning: the same classes keep their classifier, others get a new one; --width is that of the weights.
tune=(--size 32 --batch 12 --threads 2 --epochs 1)
expect 0 train --data "$signs" "${tune[@]}" --freeze -1 --init "$scratch/whole.h5" --out "$scratch/d.h5"
if grep -q 'new classifier' "$scratch/out"; then fail "a classifier that fits is kept"; fi
mkdir "$scratch/two"
cp -r $signs/bump $signs/deer "$scratch/two"
for i in 1 2 3 4 5 6; do cp $signs/bump/*.jpg "$scratch/two/deer/$i.jpg"; done
expect 0 train --data "$scratch/two" --size 32 --batch 4 --epochs 1 --init "$scratch/whole.h5" --out "$scratch/e.h5"
prints 'a new classifier'
printf 'bump\ndeer\n' | cmp - "$scratch/e.labels.txt" || fail "labels of two classes"
expect 1 train --data "$signs" --width 0.35 --init "$scratch/whole.h5" --out "$scratch/f.h5"
says '--width'

# Every architecture trains from random weights, and what it wrote is read again, also to go on with.
for architecture in v1 v3-small v3-large-minimalistic; do
    expect 0 train --data "$signs" "${tune[@]}" --architecture $architecture --width 0.25 --out "$scratch/$architecture.h5"
    expect 0 convert "$scratch/$architecture.h5" --size 32 -o "$scratch/$architecture.tflite"
done
expect 0 train --data "$signs" "${tune[@]}" --freeze -1 --init "$scratch/v3-small.h5" --out "$scratch/f.h5"
expect 1 train --data "$signs" --architecture v1 --init "$scratch/whole.h5" --out "$scratch/f2.h5"
says '--architecture'
expect 1 train --data "$signs" "${tune[@]}" --qat --init "$scratch/v3-small.h5" --out "$scratch/f2.h5"
says '--qat knows'

# Pictures that cannot be read are named once and counted; empty classes, one class and unknown ones are refused.
echo nothing >"$scratch/two/bump/damaged.png"
expect 0 train --data "$scratch/two" --size 32 --width 0.35 --batch 4 --epochs 6 --out "$scratch/g.h5" --force
[ "$(grep -c 'skipped: .*two/bump/damaged.png' "$scratch/err")" = 1 ] || fail "not told of the damaged picture once"
prints '^skipped   1 pictures'
expect 1 train --data "$signs" --val "$scratch/two/.." --size 32 --out "$scratch/g.h5" --force
says 'none of the 36 classes'
mkdir "$scratch/two/empty"
expect 1 train --data "$scratch/two" --size 32 --out "$scratch/g.h5" --force
says "class 'empty' has no"
expect 1 train --data "$signs" --size 32 --out "$scratch/g.h5" --force --batch 1000
says 'smaller batch'

# One class is none to learn; labels beside --init that are not the classes give a new classifier, however many.
mkdir -p "$scratch/one/bump" "$scratch/swapped/a" "$scratch/swapped/b"
cp $signs/bump/*.jpg "$scratch/one/bump"
expect 1 train --data "$scratch/one" --size 32 --out "$scratch/g.h5" --force
says 'has 1 class\(es\), but at least two are needed'
rmdir "$scratch/two/empty"
cp $signs/bump/*.jpg "$scratch/swapped/b"
cp $signs/deer/*.jpg "$scratch/swapped/a"
expect 0 train --data "$scratch/swapped" --size 32 --batch 2 --epochs 1 --init "$scratch/e.h5" --out "$scratch/i.h5" --force
prints 'a new classifier, for other classes'
expect 0 train --data "$scratch/two" --size 32 --batch 2 --epochs 1 --init "$scratch/e.h5" --out "$scratch/i.h5" --force
if grep -q 'new classifier' "$scratch/out"; then fail "a classifier of the same classes is kept"; fi

# A held out picture that cannot be read is left out of the share.
mkdir "$scratch/held"
cp -r $signs/bump $signs/deer $signs/stop "$scratch/held"
head -c 300 $signs/bump/*.jpg >"$scratch/held/bump/cut.jpg"
expect 0 train "${common[@]}" --val "$scratch/held" --epochs 2 --out "$scratch/g.h5" --force
[ "$(grep -c 'skipped: .*held/bump/cut.jpg' "$scratch/err")" = 1 ] || fail "not told of the cut picture once"
prints '^skipped   1 pictures'

# A rate that drives the weights out of range stops with the step's number. What the last good step left stays: the
# checkpoint leads there again, and the weights are numbers.
wild=("${common[@]}" --batch 36 --epochs 60 --optimizer sgd --rate 100 --weight-decay 1 --out "$scratch/h.h5")
expect 1 train "${wild[@]}"
says '(the loss of|the weights after) step [0-9]+ (is|are) not finite'
grep '^epoch' "$scratch/out" >/dev/null || fail "no epoch before weights left their range"
cp "$scratch/err" "$scratch/reason"
cp "$scratch/h.state" "$scratch/h.before"
expect 1 train "${wild[@]}" --resume
prints '^resumed   behind step [1-9]'
cmp "$scratch/reason" "$scratch/err" || fail "another end after resuming"
cmp "$scratch/h.before" "$scratch/h.state" || fail "the good checkpoint was overwritten"
if od -An -v -tx4 "$scratch/h.h5" | grep -E '(7f80|ff80|7fc0|ffc0)0000 +(7f80|ff80|7fc0|ffc0)0000' >/dev/null; then
    fail "weights that are infinite or no numbers were written"
fi

# A checkpoint that cannot be written: a sentence, no half file, and the one before stays and is good.
if [ "$(id -u)" != 0 ]; then
    mkdir "$scratch/locked"
    chmod 500 "$scratch/locked"
    expect 1 train "${common[@]}" --epochs 1 --out "$scratch/locked/a.h5"
    says 'cannot be written'
fi
has_tsan || (
    ulimit -f 64
    trap '' XFSZ
    expect 1 train "${common[@]}" --epochs 1 --out "$scratch/full.h5"
    says 'full.* cannot be written: File too large'
)
for file in "$scratch"/full.h5 "$scratch"/full.state "$scratch"/*.tmp-*; do
    [ ! -e "$file" ] || fail "$file is left of a write that failed"
done
interrupted "$scratch/late.h5"
cp "$scratch/late.state" "$scratch/late.before"
has_tsan || (
    ulimit -f 64
    trap '' XFSZ
    expect 1 train "${common[@]}" --epochs 40 --out "$scratch/late.h5" --resume
    says 'late.* cannot be written: File too large'
)
cmp "$scratch/late.before" "$scratch/late.state" || fail "a full disk harmed the checkpoint"
expect 0 train "${common[@]}" --epochs 40 --out "$scratch/late.h5" --resume
cmp "$scratch/whole.h5" "$scratch/late.h5" || fail "resuming gave other weights"

# A disk that is really full, where this user may mount one.
# shellcheck disable=SC2016 # they expand there
small() { unshare --mount bash -c 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && "$@"' - "$@"; }
mkdir "$scratch/disk"
if small "$scratch/disk" true 2>/dev/null; then
    code=0
    # shellcheck disable=SC2016
    small "$scratch/disk" bash -c '
        "$@"
        code=$?
        ls -A "${0%/*}" >&2
        exit $code' "$scratch/disk/a.h5" "$mobilenet" train "${common[@]}" --epochs 1 --out "$scratch/disk/a.h5" \
        >"$scratch/out" 2>"$scratch/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code on a full disk"
    says 'a.state: cannot be written: No space left on device'
    if grep -q '^a.*tmp' "$scratch/err"; then fail "half a file stays on a full disk"; fi
fi

expect 2 train --data "$signs"
says 'out'
expect 2 train --data "$signs" --out "$scratch/a.h5" --dropout 1.5
says '--dropout 1.5'
expect 2 train --data "$signs" --out "$scratch/a.h5" --area 1,0.5
says '--area'

# What an earlier training has left is not replaced by mistake; other formats are not written under their names.
cp "$scratch/a.h5" "$scratch/kept"
expect 1 train "${common[@]}" --epochs 1 --out "$scratch/a.h5"
says 'a.state: is there already.*--resume.*--force'
cmp "$scratch/a.h5" "$scratch/kept" || fail "weights were replaced without --force"
rm "$scratch/a.state"
expect 1 train "${common[@]}" --epochs 1 --out "$scratch/a.h5"
says 'a.h5: is there already'
expect 0 train "${common[@]}" --epochs 1 --out "$scratch/a.h5" --force
prints '^start +RANDOM WEIGHTS.*--init'
if cmp -s "$scratch/a.h5" "$scratch/kept"; then fail "--force did not begin anew"; fi
expect 2 train "${common[@]}" --out "$scratch/a.h5" --force --resume
says 'give one of them'
expect 2 train "${common[@]}" --out "$scratch/j.tflite"
says "j.h5, and make a .tflite of them with 'mobilenet convert .*/j.h5 -o .*/j.tflite'"
expect 2 train "${common[@]}" --out "$scratch/j.keras"
says 'name them .*/j.h5$'
