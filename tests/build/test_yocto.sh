#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recipe for Yocto: oelint-adv has nothing against it, and its checksums are those of the licences.
source tests/build/common.sh

recipe=$(echo meta-mobilenet/recipes-mobilenet/mobilenet/mobilenet_*.bb)
version=${recipe##*_}
[[ $("$MN_BUILD/mobilenet" --version) == *" ${version%.bb}"* ]] || fail "$recipe is not of this version"
for file in LICENSE NOTICE; do
    sum=$(md5sum "$file")
    grep -q "file://$file;md5=${sum%% *}" "$recipe" || fail "$recipe: LIC_FILES_CHKSUM has not the checksum of $file"
done
need oelint-adv
oelint-adv --quiet --hide info "$recipe" >"$scratch/log" 2>&1 || fail "oelint-adv: $(cat "$scratch/log")"
