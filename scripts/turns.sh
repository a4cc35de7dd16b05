#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/turns.sh [--rounds N] BUILD BUILD MODEL [BENCHMARK_MODEL_FLAGS...]
#
# Is a change faster? Two build folders (of two commits: git worktree add) run MODEL in turns, N rounds (default 15), so
# that a slow period of the machine affects both. Prints the minimum time of each, and the ratio of the second to the
# first over the rounds: its median, minimum and maximum.
source "$(dirname "$0")/lib.sh"

rounds=15
if [[ ${1-} == --rounds ]]; then
    rounds=${2-}
    shift 2
fi
[[ $# -ge 3 && $rounds =~ ^[1-9][0-9]*$ ]] || die "takes two build folders and a model; --help tells more"
first=$1 second=$2 model=$3
shift 3

# The least time of a run in us: least BUILD FLAGS...
least() {
    local build=$1
    shift
    "$build/benchmark_model" --graph="$model" --min_secs=0.3 --warmup_min_secs=0.1 "$@" 2>&1 |
        awk '/count=/ { line = $0 } END { if (match(line, / min=[0-9.]+/)) print substr(line, RSTART + 5, RLENGTH - 5) }'
}

for ((round = 0; round < rounds; round++)); do
    a=$(least "$first" "$@") || true
    b=$(least "$second" "$@") || true
    [[ -n $a && -n $b ]] || die "$first or $second: benchmark_model did not run $model; run it by hand to see why"
    printf '%s %s\n' "$a" "$b"
done | awk '
    { ratio[NR] = $2 / $1; if (NR == 1 || $1 < a) a = $1; if (NR == 1 || $2 < b) b = $2 }
    END {
        if (NR == 0) exit 1
        for (i = 2; i <= NR; i++) for (j = i; j > 1 && ratio[j] < ratio[j - 1]; j--) {
            t = ratio[j]; ratio[j] = ratio[j - 1]; ratio[j - 1] = t
        }
        printf "%.3f ms, %.3f ms; ratio %.3f (%.3f to %.3f)\n", a / 1000, b / 1000, ratio[int((NR + 1) / 2)], ratio[1],
            ratio[NR]
    }'
