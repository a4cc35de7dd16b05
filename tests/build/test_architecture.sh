#!/usr/bin/env bash
# SPDX-License-Identifier: MIT

# docs/architecture.svg is what its script writes.
source tests/build/common.sh

need python3
cmp <(scripts/make_architecture.py) docs/architecture.svg ||
    fail "docs/architecture.svg differs; run scripts/make_architecture.py >docs/architecture.svg"
