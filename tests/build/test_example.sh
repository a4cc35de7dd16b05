#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/classify.c prints the five classes that `mobilenet classify` prints, and README's program, compiled as it
# stands there against an installed library, prints the first of them.
source tests/build/common.sh

model=tests/golden/tiny_v2_int8.tflite
photo=$(find models/signs -type f | LC_ALL=C sort | sed -n 1p)
[[ -n $photo ]] || skip "models/signs has no pictures"
if [[ -r ../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite && -r ../shared/images/example_input.jpg ]]; then
    model=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
    photo=../shared/images/example_input.jpg
fi
grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt" || skip "JPEG and PNG are not read in this build (MN_IMAGE)"

"$MN_BUILD/tests/example_classify" "$model" "$photo" >"$scratch/best" || fail "$photo is not classified"
[[ $(grep -cE '^ *[0-9]+\.[0-9]{2} %  .' "$scratch/best") -eq 5 ]] || fail "unexpected: $(cat "$scratch/best")"
if [[ -x $MN_BUILD/mobilenet ]]; then
    "$MN_BUILD/mobilenet" classify -m "$model" -i "$photo" -k 5 | grep ' %  ' | grep -v 'every other class' |
        sed 's/^ *//' >"$scratch/wanted"
    sed 's/^ *//' "$scratch/best" | head -n "$(wc -l <"$scratch/wanted")" | diff "$scratch/wanted" - ||
        fail "the example (>) does not print what mobilenet classify (<) does"
fi
if "$MN_BUILD/tests/example_classify" "$model" "no such photo.jpg" 2>"$scratch/message"; then
    fail "a photo that is missing is classified"
fi
grep -q 'no such photo.jpg' "$scratch/message" || fail "unexpected: $(cat "$scratch/message")"

need pkg-config
install_moved
export PKG_CONFIG_PATH=$library_dir/pkgconfig
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' README.md >"$scratch/readme.c"
grep -q mn_classify "$scratch/readme.c" || fail "README.md has no program that calls mn_classify"
read -ra flags <<<"$(pkg-config --cflags --libs mobilenet_image)"
"$CC" -std=c11 -Wall -Wextra -Werror "$scratch/readme.c" -o "$scratch/readme" "${flags[@]}" ||
    fail "the program of README.md cannot be compiled"
cp "$model" "$scratch/model.tflite"
cp "$photo" "$scratch/cat.jpg"
(cd "$scratch" && LD_LIBRARY_PATH=$library_dir ./readme) >"$scratch/first" || fail "the program of README.md fails"
sed 's/.*%  *//' "$scratch/best" | head -n 1 | diff - "$scratch/first" ||
    fail "README's program (>) does not print the first class (<)"
