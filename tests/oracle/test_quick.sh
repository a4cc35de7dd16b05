#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# The sample of the comparison with LiteRT and Pillow that belongs to every test run.
exec "$(dirname "$0")/run.sh" --quick
