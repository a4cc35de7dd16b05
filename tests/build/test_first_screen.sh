#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pictures of README.md are what their script makes of the measurements, and of what the commands answer.
source tests/build/common.sh

need python3
script=scripts/make_first_screen.py
cmp <($script speed) docs/speed.svg || fail "docs/speed.svg differs; run $script speed >docs/speed.svg"
weights=(../shared/models/mobilenet_v2_weights*_1.0_224.h5)
[[ -r ${weights[0]} && $MN_BUILD -ef build && -x build/mobilenet ]] ||
    skip "docs/speed.svg is right; docs/classified.svg needs build/mobilenet and ImageNet's weights in ../shared/models"
cmp <($script classified "${weights[0]}") docs/classified.svg ||
    fail "docs/classified.svg differs; run $script classified ${weights[0]} >docs/classified.svg"
