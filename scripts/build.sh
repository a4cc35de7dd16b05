#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/build.sh [PRESET...]
#
# Installs the packages for a build and builds the CMake presets (default: release, in build/; others in build-PRESET/).
source "$(dirname "$0")/lib.sh"

install_needs "${build_needs[@]}" "${test_needs[@]}"
if [[ $# -eq 0 ]]; then set -- release; fi
for preset in "$@"; do build "$preset"; done
