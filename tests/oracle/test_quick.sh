#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# The sample of the comparison with LiteRT and Pillow that belongs to every test run.
if [ -n "${MN_SANITIZE:-}" ]; then
    echo "SKIPPED: Python cannot load a library built with sanitizers"
    exit 77
fi
exec "$(dirname "$0")/run.sh" --quick
