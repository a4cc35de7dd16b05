#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mpirun -np N mobilenet train and evaluate: the same as one process, and what happens when one of them is lost.
. tests/cli/common.sh

if ! command -v mpirun >/dev/null || [ ! -e "$(dirname "$mobilenet")/mobilenet_mpi.so" ]; then
    echo "SKIPPED: built without MPI, or there is no mpirun (on Debian: apt-get install libopenmpi-dev openmpi-bin)"
    exit 77
fi
set_up_mpi
export ASAN_OPTIONS=detect_leaks=0 # Open MPI frees little at the end; training without it is tested for leaks

# A program that was started by mpirun and does not find the module says so.
mkdir "$scratch/alone"
cp "$mobilenet" "$scratch/alone/mobilenet"
code=0
OMPI_COMM_WORLD_SIZE=2 "$scratch/alone/mobilenet" train --data models/signs --out "$scratch/x.h5" 2>"$scratch/err" ||
    code=$?
[ "$code" = 1 ] || fail "exit code $code without the module"
says '^mobilenet: started by mpirun, but mobilenet_mpi.so is neither'
[ "$(wc -l <"$scratch/err")" = 1 ] || fail "more than one sentence"
cp "$mobilenet" "$scratch/alone/mobilenet_mpi.so"
OMPI_COMM_WORLD_SIZE=2 "$scratch/alone/mobilenet" train --data models/signs --out "$scratch/x.h5" 2>"$scratch/err" &&
    fail "something else was taken for the module"
says '^mobilenet: started by mpirun, but MPI cannot be loaded'

# Thirteen pictures held out, and one that cannot be read: no batch divides them, and shares differ.
mkdir "$scratch/held"
for class in $(head -n 13 models/signs_0.35_96.labels.txt); do cp -r "models/signs/$class" "$scratch/held"; done
echo nothing >"$scratch/held/ahead_only/damaged.jpg"

common=(--data models/signs --init models/signs_0.35_96.h5 --threads 1 --area '0.8,1' --no-flip --ema 0 --rate 0.01)
# twice BATCH FILE ARGUMENTS...: trains with two processes, BATCH pictures each
twice() {
    local batch=$1 file=$2
    shift 2
    mpirun -np 2 "$mobilenet" train "${common[@]}" --batch "$batch" --out "$scratch/$file" "$@" >"$scratch/out" \
        2>"$scratch/err"
}
# alike A B: epochs, rates, losses to four digits and accuracies of two trainings are the same; times are not
alike() {
    local table
    for table in "$@"; do
        awk -F, 'NR > 1 { printf "%s %s %.4f %s %.4f %s\n", $1, $2, $3, $4, $5, $6 }' "$scratch/$table.csv" \
            >"$scratch/$table.txt"
    done
    cmp "$scratch/$1.txt" "$scratch/$2.txt" || fail "$(paste "$scratch/$1.txt" "$scratch/$2.txt")"
}

twice 9 two.h5 --val models/signs --epochs 2 || fail "two processes end with code $?"
prints '^processes 2, each with 9 pictures'
[ "$(grep -c '^epoch' "$scratch/out")" = 2 ] || fail "the first process alone shall print"
expect 0 train "${common[@]}" --batch 18 --val models/signs --epochs 2 --out "$scratch/one.h5"
alike one two

# Weights that stay: what is held out gives the same to the last picture, with one process, two and three.
still=(--freeze -1 --rate 1e-12 --epochs 1 --val "$scratch/held")
twice 5 a.h5 "${still[@]}" || fail "two processes end with code $?"
[ "$(grep -c 'skipped: .*damaged.jpg' "$scratch/err")" = 1 ] || fail "a picture that cannot be read was not named once"
expect 0 train "${common[@]}" "${still[@]}" --batch 10 --out "$scratch/b.h5"
alike a b
expect 0 train "${common[@]}" "${still[@]}" --batch 36 --out "$scratch/c.h5"
mpirun -np 3 "$mobilenet" train "${common[@]}" "${still[@]}" --batch 12 --out "$scratch/d.h5" >"$scratch/out" \
    2>"$scratch/err" || fail "three processes end with code $?"
alike c d

# Evaluating shares the photos, and the first process tells what all found.
expect 0 convert models/signs_0.35_96.h5 --size 96 -o "$scratch/signs.tflite"
expect 0 quantize models/signs_0.35_96.h5 --data-free -o "$scratch/int8.tflite"
evaluation=(evaluate -m "$scratch/signs.tflite" --compare "$scratch/int8.tflite" --images "$scratch/held"
    --labels models/signs_0.35_96.labels.txt --json)
results() { sed 's/"seconds": [^,]*, "images_per_second": [^,]*, "jobs": [^,]*,//' "$scratch/out"; }
expect 0 "${evaluation[@]}"
results >"$scratch/single"
grep -q 'damaged.jpg' "$scratch/single" || fail "no sentence about the damaged photo"
cp "$scratch/err" "$scratch/single_err"
for processes in 2 3; do
    mpirun -np $processes "$mobilenet" "${evaluation[@]}" >"$scratch/out" 2>"$scratch/err" ||
        fail "evaluation with $processes processes: $(cat "$scratch/err")"
    results | cmp - "$scratch/single" || fail "$processes processes evaluate otherwise: $(results)"
    cmp "$scratch/err" "$scratch/single_err" || fail "$processes processes say otherwise: $(cat "$scratch/err")"
done

# lose RANK: trains until there is a checkpoint, kills one process, waits for the end, and goes on from the checkpoint
lose() {
    local file="$scratch/lost$1" launcher victim='' process
    # A loaded machine needs longer to end than the usual second. Each process' exit code is kept.
    # shellcheck disable=SC2016 # it expands there
    mpirun --mca odls_base_sigkill_timeout 5 -np 2 bash -c '
        trap "" TERM
        file=$1
        shift
        "$@" && code=0 || code=$?
        echo $code >"$file.code$OMPI_COMM_WORLD_RANK"' - "$file" "$mobilenet" train "${common[@]}" --batch 9 \
        --epochs 1000 --out "$file.h5" >"$scratch/out" 2>"$scratch/err" &
    launcher=$!
    while [ ! -e "$file.state" ] && kill -0 $launcher 2>/dev/null; do sleep 0.1; done
    for process in $(pgrep -P $launcher); do
        if tr '\0' '\n' <"/proc/$process/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then victim=$(pgrep -P "$process"); fi
    done
    [ -n "$victim" ] || fail "process $1 is not found"
    kill -KILL "$victim"
    if wait $launcher; then fail "a lost process is no success"; fi
    says '^mobilenet: another process of this run was lost'
    [ "$(cat "$file.code$((1 - $1))")" = 1 ] || fail "the other process ends with code $(cat "$file".code*)"
    # Process 0 writes the files: killed, it can take nothing back.
    if [ "$1" != 0 ] && ls "$scratch"/*.tmp-* 2>/dev/null; then fail "half a file is left"; fi
    rm -f "$scratch"/*.tmp-*
    mpirun -np 2 "$mobilenet" train "${common[@]}" --batch 9 --epochs 1000 --out "$file.h5" --resume \
        >"$scratch/resumed" 2>/dev/null &
    launcher=$!
    while ! grep -qs '^epoch' "$scratch/resumed" && kill -0 $launcher 2>/dev/null; do sleep 0.1; done
    kill -INT $launcher
    wait $launcher || true
    grep -q '^resumed   behind step [1-9]' "$scratch/resumed" || fail "no going on: $(cat "$scratch/resumed")"
}
lose 1
says 'lost1.state: is the checkpoint of step [0-9]+; the same command with --resume goes on'
lose 0
