#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mpirun -np 2 mobilenet train: the same as one process with twice the batch, and what happens when one is lost.
. tests/cli/common.sh

if ! command -v mpirun >/dev/null || ! nm -D "$mobilenet" 2>/dev/null | grep MPI_Init >/dev/null; then
    echo "SKIPPED: built without MPI, or there is no mpirun (on Debian: apt-get install libopenmpi-dev openmpi-bin)"
    exit 77
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
export ASAN_OPTIONS=detect_leaks=0 # OpenMPI frees little at the end; training without it is tested for leaks

common=(--data models/signs --val models/signs --init models/signs_0.35_96.h5 --threads 1 --area 0.8,1 --no-flip
    --ema 0 --rate 0.01)
mpirun -np 2 "$mobilenet" train "${common[@]}" --batch 9 --epochs 2 --out "$scratch/two.h5" >"$scratch/out" ||
    fail "two processes end with code $?"
prints '^processes 2, each with 9 pictures'
[ "$(grep -c '^epoch' "$scratch/out")" = 2 ] || fail "the first process alone shall print"
expect 0 train "${common[@]}" --batch 18 --epochs 2 --out "$scratch/one.h5"
# Epochs, rates, losses to four digits and accuracies; not times.
for table in one two; do
    awk -F, 'NR > 1 { printf "%s %s %.4f %s %.4f %s\n", $1, $2, $3, $4, $5, $6 }' "$scratch/$table.csv" \
        >"$scratch/$table.txt"
done
cmp "$scratch/one.txt" "$scratch/two.txt" || fail "$(paste "$scratch/one.txt" "$scratch/two.txt")"

# One of two is killed: a sentence, and a checkpoint that goes on.
mpirun -np 2 "$mobilenet" train "${common[@]}" --batch 9 --epochs 1000 --out "$scratch/lost.h5" \
    >"$scratch/out" 2>"$scratch/err" &
launcher=$!
while [ ! -e "$scratch/lost.state" ] && kill -0 $launcher 2>/dev/null; do sleep 0.1; done
victim=$(pgrep -P $launcher | tail -n 1)
kill -KILL "$victim"
if wait $launcher; then fail "a lost process is no success"; fi
says 'another process of this training was lost'
mpirun -np 2 "$mobilenet" train "${common[@]}" --batch 9 --epochs 1000 --out "$scratch/lost.h5" --resume \
    >"$scratch/out" 2>"$scratch/err" &
launcher=$!
for _ in $(seq 100); do
    if grep -q '^epoch' "$scratch/out"; then break; fi
    sleep 0.1
done
kill -INT $launcher
wait $launcher || true
prints '^resumed   behind step [1-9]'
