# SPDX-License-Identifier: MIT
# Shared by tests/build/test_*.sh, which run in the repository root. $MN_BUILD is the build folder.
# shellcheck shell=bash disable=SC2034 # variables are for the tests that read this file

set -euo pipefail
: "${CC:=cc}" "${CXX:=c++}" "${CMAKE:=cmake}"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Ends the test as skipped: skip REASON
skip() {
    echo "SKIPPED: $1"
    exit 77
}

# Ends the test as failed: fail REASON
fail() {
    echo "FAILED: $1" >&2
    exit 1
}

# Skips the test unless a command exists: need COMMAND
need() {
    command -v "$1" >/dev/null || skip "the command $1 is missing"
}

# Installs the build under $scratch/prefix, then moves it, so that nothing may remember the first place.
install_moved() {
    "$CMAKE" --install "$MN_BUILD" --prefix "$scratch/first" >"$scratch/install.log" || fail "cmake --install"
    mv "$scratch/first" "$scratch/prefix"
    library_dir=$(dirname "$(find "$scratch/prefix" -name libmobilenet.a)")
}
