# SPDX-License-Identifier: MIT
# Shared by the tests of the command mobilenet, which run in the repository root. $MN_BUILD is the build folder.
# shellcheck shell=bash disable=SC2034 # variables are for the tests that read this file

set -euo pipefail

mobilenet="${MN_BUILD:-build}/mobilenet"
models=tests/golden
photos=fuzz/corpus/image
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ ! -x "$mobilenet" ]; then
    echo "SKIPPED: $mobilenet is not built"
    exit 77
fi

# Is the program built with the thread sanitizer? It maps a temporary file of its own, which a limit on the length of
# files cuts off, so such tests are left out there.
has_tsan() { grep -q __tsan_init "$mobilenet"; }

# Lets mpirun start processes here, and the thread sanitizer ignore the order in which Open MPI's own parts take their
# locks.
set_up_mpi() {
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
    export OMPI_MCA_btl_vader_single_copy_mechanism=none
    echo 'deadlock:mca_' >"$scratch/tsan"
    export TSAN_OPTIONS="suppressions=$scratch/tsan ${TSAN_OPTIONS-}"
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect CODE ARGUMENTS...: runs mobilenet, whose exit code must be CODE; leaves $scratch/out and $scratch/err. Unless
# CODE is 0, stderr must start with "mobilenet: ".
expect() {
    local wanted=$1 code=0
    shift
    "$mobilenet" "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: mobilenet $*: $(cat "$scratch/err")"
    if [ "$wanted" = 0 ]; then return; fi
    grep -q '^mobilenet: ' "$scratch/err" || fail "no sentence on stderr: mobilenet $*"
}

# says PATTERN / prints PATTERN: stderr / stdout of the last run must hold the extended regular expression.
says() { grep -Eq -- "$1" "$scratch/err" || fail "stderr lacks '$1': $(cat "$scratch/err")"; }
prints() { grep -Eq -- "$1" "$scratch/out" || fail "stdout lacks '$1': $(cat "$scratch/out")"; }

# Stdout of the last run must be one JSON value per line for which the Python expressions hold: json EXPRESSION...
json() {
    command -v python3 >/dev/null || return 0
    python3 -IS -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
for wanted in sys.argv[2:]:
    if not lines or not all(eval(wanted, {"o": o}) for o in lines):
        sys.exit("it lacks: " + wanted)' "$scratch/out" "$@" || fail "another JSON: $(head -c 2000 "$scratch/out")"
}
