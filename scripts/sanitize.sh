#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/sanitize.sh [asan|ubsan|tsan|sanitize]...
#
# Builds and runs every test under sanitizers (default: sanitize, which is asan and ubsan in one build).
source "$(dirname "$0")/lib.sh"

install_needs "${build_needs[@]}" "${test_needs[@]}"
if [[ $# -eq 0 ]]; then set -- sanitize; fi
for preset in "$@"; do
    build "$preset"
    ctest --preset "$preset" -j "$jobs"
done
