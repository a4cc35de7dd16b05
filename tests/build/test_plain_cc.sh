#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The line of docs/porting.md that builds the library's example without CMake works as it stands there, here without
# its optimisation, which takes a minute.
source tests/build/common.sh

here=$PWD
line=$(grep -A4 '^cc -std=c11' docs/porting.md) || fail "docs/porting.md has no line that begins with cc -std=c11"
line=${line%%$'\n```'*}
cp -r src include examples "$scratch"
cd "$scratch"
line=${line/-O3/-O0}
bash -c "${line/#cc/$CC}" || fail "the line fails: $line"
printf 'P6\n2 2\n255\n%s' abcdefghijkl >photo.ppm
./classify "$here/tests/golden/tiny_v2_int8.tflite" photo.ppm >best || fail "a photo is not classified"
[[ $(grep -c ' %  ' best) -eq 5 ]] || fail "unexpected: $(cat best)"
printf '\xff\xd8\xff' >photo.jpg
if ./classify "$here/tests/golden/tiny_v2_int8.tflite" photo.jpg 2>message; then fail "a JPEG is read without libjpeg"; fi
grep -q 'photo.jpg: is a JPEG photo; libmobilenet_image was built without libjpeg-turbo.*MN_IMAGE' message ||
    fail "the example does not say why a JPEG is not read: $(cat message)"
status=0
./classify "no such model.tflite" photo.ppm 2>message || status=$?
[[ $status -eq 1 ]] || fail "the example ends with status $status for a missing model"
grep -q 'no such model.tflite' message || fail "the example does not say which model is missing"
