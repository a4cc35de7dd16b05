#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: ./test.sh [--all] [--offline]
#
# Builds and tests: the release build, a build with address and undefined behaviour sanitizers, formatting and style.
#
#   --all      also whole trainings, the long forms of tests ($MN_LONG_TESTS), the thread sanitizer, clang-tidy, every
#              test on other systems, every allocation failing, the comparison with TFLite, a minute of fuzzing each, and
#              15,000 damaged Keras files
#   --offline  install nothing
#   --help     this text
#
# Exits with 0 if nothing failed. Skipped tests say why. The last line has the counts.
source "$(dirname "$0")/scripts/lib.sh"

all=0
for argument in "$@"; do
    case $argument in
    --all) all=1 ;;
    --offline) offline=1 ;;
    *) die "unknown argument $argument; see ./test.sh --help" ;;
    esac
done

passed=0
failed=0
skipped=0
troubles=() # one line for each failure and skip

# Runs one check and counts it: check NAME COMMAND...; the status 77 means skipped, with the reason printed last.
check() {
    local name=$1 status=0 start=$SECONDS log
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    case $status in
    0)
        passed=$((passed + 1))
        say "ok      $name ($((SECONDS - start)) s)"
        while read -r part; do troubles+=("skipped in $name: ${part#SKIPPED: }"); done < <(grep '^SKIPPED: ' "$log")
        ;;
    77)
        skipped=$((skipped + 1))
        troubles+=("skipped $name: $(grep SKIPPED "$log" | tail -n 1 | sed 's/.*SKIPPED: //')")
        say "${troubles[-1]}"
        ;;
    *)
        failed=$((failed + 1))
        troubles+=("FAILED  $name")
        cat "$log"
        say "FAILED  $name ($((SECONDS - start)) s)"
        ;;
    esac
    rm -f "$log"
    return 0
}

# Counts one attribute of the first <testsuite> of a JUnit file: junit_count FILE ATTRIBUTE
junit_count() { tr '\n' ' ' <"$1" | sed -n "s/.*<testsuite [^>]*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p"; }

# The skipped tests of a JUnit file, each with the reason it printed: junit_reasons FILE
junit_reasons() {
    awk '/<testcase / { name = $0; sub(/.*<testcase name="/, "", name); sub(/".*/, "", name); skipped = 0 }
        /<skipped/ { skipped = 1 }
        skipped && /SKIPPED: / { sub(/.*SKIPPED: /, ""); sub(/<.*/, ""); print name ": " $0; skipped = 0 }' "$1"
}

# Builds a preset, runs its tests and counts each: test_preset PRESET
test_preset() {
    local preset=$1 junit status=0 some=()
    if [[ $all -eq 0 ]]; then some=(-LE slow); fi
    say
    say "== preset $preset"
    if ! build "$preset"; then
        failed=$((failed + 1))
        troubles+=("FAILED  preset $preset: does not build")
        return
    fi
    junit=$(mktemp)
    ctest --preset "$preset" -j "$jobs" "${some[@]}" --no-tests=error --output-junit "$junit" || status=$?
    if [[ $all -eq 0 ]]; then
        ctest --preset "$preset" -N -L slow | sed -n 's/^ *Test *#[0-9]*: /left to --all: /p'
    fi
    local tests failures ignored
    tests=$(junit_count "$junit" tests)
    failures=$(junit_count "$junit" failures)
    ignored=$(junit_count "$junit" skipped)
    while read -r reason; do troubles+=("skipped preset $preset: $reason"); done < <(junit_reasons "$junit")
    rm -f "$junit"
    if [[ -z $tests || ($status -ne 0 && $failures -eq 0) ]]; then
        failed=$((failed + 1))
        troubles+=("FAILED  preset $preset: ctest ended with $status")
        return
    fi
    passed=$((passed + tests - failures - ignored))
    failed=$((failed + failures))
    skipped=$((skipped + ignored))
    if [[ $failures -gt 0 ]]; then troubles+=("FAILED  preset $preset: $failures tests"); fi
}

install_needs "${build_needs[@]}" "${test_needs[@]}"
say "== style"
check formatting scripts/format.sh --check
check style scripts/style.sh
if [[ $all -eq 1 ]]; then export MN_LONG_TESTS=1; fi # of the release build alone
test_preset release
check "clang's warnings" scripts/clang.sh
unset MN_LONG_TESTS
check "Arm and 32-bit x86, a few tests" scripts/cross.sh --quick
test_preset sanitize
if [[ $all -eq 1 ]]; then
    test_preset tsan
    say
    say "== long checks"
    check clang-tidy scripts/tidy.sh
    check "all cases of kernels" "$(build_dir release)/tests/checkkernels"
    check "all cases of kernels under sanitizers" "$(build_dir sanitize)/tests/checkkernels"
    check "other processors and systems" scripts/cross.sh
    check "every allocation failing" tests/cli/test_memory.sh --all
    check oracle tests/oracle/run.sh
    check fuzz scripts/fuzz.sh 60
    check 'damaged Keras files' build/tests/test_keras_mutate 5000
fi

say
for trouble in "${troubles[@]}"; do say "$trouble"; done
say "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
