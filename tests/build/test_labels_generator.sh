#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# src/labels/imagenet.c is what its script writes.
source tests/build/common.sh

wnids=../shared/reference/imagenet_wnids.txt
words=/usr/share/wordnet/data.noun
need python3
[[ -r $wnids ]] || skip "$wnids is missing"
[[ -r $words ]] || skip "$words is missing (on Debian: apt-get install wordnet-base)"
python3 scripts/make_imagenet_labels.py "$wnids" "$words" | diff src/labels/imagenet.c - ||
    fail "src/labels/imagenet.c differs from what scripts/make_imagenet_labels.py writes"
