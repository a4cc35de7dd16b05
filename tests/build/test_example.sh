#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/classify.c prints the five classes that `mobilenet classify` prints, and README's program, compiled as it
# stands there against an installed library, prints the first of them.
source tests/build/common.sh

grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt" || skip "JPEG and PNG are not read in this build (MN_IMAGE)"
mobilenet=$MN_BUILD/mobilenet
example=$MN_BUILD/tests/example_classify

# The example prints what `mobilenet classify` does: same MODEL PHOTO
same() {
    "$example" "$1" "$2" >"$scratch/best" || fail "$2 is not classified with $1"
    [[ $(grep -cE '^ *[0-9]+\.[0-9]{2} %  .' "$scratch/best") -eq 5 ]] || fail "unexpected: $(cat "$scratch/best")"
    [[ -x $mobilenet ]] || return 0
    "$mobilenet" classify -m "$1" -i "$2" -k 5 | grep ' %  ' | grep -v 'every other class' >"$scratch/wanted"
    # The command leaves out what 8 bits round to nothing.
    head -n "$(wc -l <"$scratch/wanted")" "$scratch/best" | sed 's/^ *//' | diff <(sed 's/^ *//' "$scratch/wanted") - ||
        fail "$1, $2: the example (>) does not print what mobilenet classify (<) does"
}

models=(tests/golden/tiny_v2_{int8,uint8,float32}.tflite)
mapfile -t photos < <(find models/signs -type f | LC_ALL=C sort | sed -n '1p;9p')
photos+=(fuzz/corpus/image/colour420.jpg fuzz/corpus/image/alpha.webp)
real=../shared/models
if [[ -r $real/tf2_mobilenet_v2_1.0_224_ptq.tflite && -r ../shared/images/example_input.jpg ]]; then
    models=("$real"/*.tflite)
    weights=$real/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5
    if [[ -x $mobilenet && -r $weights ]]; then
        "$mobilenet" convert "$weights" -o "$scratch/float.tflite" >/dev/null || fail "$weights is not converted"
        models+=("$scratch/float.tflite")
    fi
    mapfile -t photos < <(find ../shared/images/imagenet -type f -iname '*.jp*g' | LC_ALL=C sort | sed -n '1~60p')
    photos+=(../shared/images/example_input.jpg)
else
    echo "SKIPPED in part: ../shared has no models and photos, so small ones are taken"
fi
for model in "${models[@]}"; do
    for photo in "${photos[@]}"; do same "$model" "$photo"; done
done
if "$example" "$model" "no such photo.jpg" 2>"$scratch/message"; then
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
