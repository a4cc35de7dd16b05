#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet compile: what it writes compiles without a warning as C and C++, alone and with a second model, and gives
# the bytes of `mobilenet run`, with rows that arrive and with the input held; mistakes are told before anything is
# written. With MN_LONG_TESTS with every compiler, and sanitizers.
source tests/cli/common.sh

warnings=(-Wall -Wextra -Wconversion -Wshadow -pedantic -Werror)

# A program around one model NAME: reads images from standard input, writes scores to standard output, in three ways.
write_main() {
    local name=$1 upper
    upper=$(tr '[:lower:]' '[:upper:]' <<<"$name")
    cat <<EOM
#include <stdio.h>
#include "$name.h"
static int8_t image[${upper}_HEIGHT * ${upper}_ROW_BYTES], scores[${upper}_SCORES];
static unsigned long slices;
static void tell(void *context, uint32_t step, uint32_t first, uint32_t count) {
    (void)first;
    if (context == &slices && step < ${upper}_STEPS && count > 0 && ${name}_step_name(step)[0] != '\0') slices++;
}
int main(void) {
    uint32_t y;
    if (${name}_push_row(image) != -1 || ${name}_finish(scores) != -1) return 2;
    if (fread(image, 1, sizeof image, stdin) != sizeof image) return 3;
    ${name}_run(image, scores);
    fwrite(scores, 1, sizeof scores, stdout);
    ${name}_on_step(tell, &slices);
    ${name}_begin();
    if (${name}_finish(scores) != -1) return 4;
    for (y = 0; y < ${upper}_HEIGHT; y++) if (${name}_push_row(image + y * ${upper}_ROW_BYTES) != 0) return 5;
    if (${name}_push_row(image) != -1 || ${name}_finish(scores) != 0) return 6;
    fwrite(scores, 1, sizeof scores, stdout);
    return slices >= ${upper}_STEPS ? 0 : 7;
}
EOM
}

# try FOLDER NAME RAW SCORES COMPILER...: compiled so, does the program give the scores, twice?
try() {
    local folder=$1 name=$2 raw=$3 scores=$4
    shift 4
    command -v "$1" >/dev/null || { echo "SKIP: $1 is not here"; return 0; }
    write_main "$name" >"$scratch/main.c"
    "$@" "${warnings[@]}" -I"$folder" "$scratch/main.c" "$folder"/*.c -o "$scratch/program" || fail "$*: does not compile"
    "$scratch/program" <"$raw" >"$scratch/got" || fail "$*: the program ends with $?"
    cat "$scores" "$scores" | cmp - "$scratch/got" || fail "$*: other scores"
}

# ---- A network from row to score ----
expect 0 new --width 0.35 --size 48 --classes 10 --random-bn -o "$scratch/float.tflite"
expect 0 quantize "$scratch/float.tflite" --images "$photos" --limit 4 -o "$scratch/signs-0.35.tflite"
head -c 6912 /dev/urandom >"$scratch/in.raw"
expect 0 run -m "$scratch/signs-0.35.tflite" -i "$scratch/in.raw" -o "$scratch/scores"
expect 0 compile "$scratch/signs-0.35.tflite" -o "$scratch/arriving" --check "$scratch/in.raw" "$photos/colour420.jpg"
prints 'signs_0_35\.h: [0-9]+ steps, [0-9]+ MACs'
prints 'activations [0-9]+ bytes, while rows of the input arrive'
prints 'checked +2 inputs, the same bytes'
compilers=("gcc -std=c99" "clang++ -x c++ -std=c++11")
if [[ -n ${MN_LONG_TESTS:-} ]]; then compilers+=("clang -std=c99" "g++ -x c++ -std=c++11"); fi
for compiler in "${compilers[@]}"; do
    # shellcheck disable=SC2086 # words are wanted
    try "$scratch/arriving" signs_0_35 "$scratch/in.raw" "$scratch/scores" $compiler
done
# Sanitizers, where the compiler has them.
if [[ -n ${MN_LONG_TESTS:-} ]] && echo 'int main(void) { return 0; }' | gcc -x c - -fsanitize=address,undefined -o "$scratch/sane" 2>/dev/null; then
    try "$scratch/arriving" signs_0_35 "$scratch/in.raw" "$scratch/scores" gcc -g -fsanitize=address,undefined \
        -fno-sanitize-recover=all
fi
expect 0 compile "$scratch/signs-0.35.tflite" -o "$scratch/held" --name other --held --check "$scratch/in.raw"
prints 'the whole input among them'
try "$scratch/held" other "$scratch/in.raw" "$scratch/scores" gcc -std=c99
grep -q 'int8_t \*other_input(void);' "$scratch/held/other.h" || fail 'a held input has no address'
expect 0 compile "$scratch/signs-0.35.tflite" -o "$scratch/roomy" --name other --ram 64K --check "$scratch/in.raw"
try "$scratch/roomy" other "$scratch/in.raw" "$scratch/scores" gcc -std=c99

# Bytes without a sign at both ends: converted as rows arrive.
expect 0 quantize "$scratch/float.tflite" --images "$photos" --limit 4 --io uint8 -o "$scratch/bytes.tflite"
expect 0 run -m "$scratch/bytes.tflite" -i "$scratch/in.raw" -o "$scratch/byte_scores"
expect 0 compile "$scratch/bytes.tflite" -o "$scratch/bytes" --name other --check "$scratch/in.raw"
try "$scratch/bytes" other "$scratch/in.raw" "$scratch/byte_scores" gcc -std=c99

expect 0 compile "$scratch/signs-0.35.tflite" -o "$scratch/told" --plan --flash-speed 20 --map "$scratch/map.svg"
prints 'POINTWISE .*block_1_expand'
prints 'ms'
grep -q '^<svg' "$scratch/map.svg" || fail 'no memory map as SVG'

# The same input gives the same files; the readable part names layers, shapes and memory.
expect 0 compile "$scratch/signs-0.35.tflite" -o "$scratch/again"
diff -r "$scratch/arriving" "$scratch/again" || fail 'two runs write different files'
grep -q 'POINTWISE .*block_1_expand' "$scratch/arriving/signs_0_35.c" || fail 'no table of steps'
grep -q 'Memory map of the arena' "$scratch/arriving/signs_0_35.c" || fail 'no memory map'

# ---- Rows of a camera ----
cat >"$scratch/main.c" <<'EOM'
#include <stdio.h>
#include "signs_0_35.h"
int main(void) {
    static uint8_t rgb[SIGNS_0_35_ROW_BYTES];
    static uint16_t pixels[SIGNS_0_35_WIDTH];
    static int8_t row[SIGNS_0_35_ROW_BYTES], same[SIGNS_0_35_ROW_BYTES];
    unsigned x;
    for (x = 0; x < SIGNS_0_35_WIDTH; x++) {
        const unsigned r = x * 7 % 32, g = x * 5 % 64, b = x * 3 % 32;
        pixels[x] = (uint16_t)(r << 11 | g << 5 | b);
        rgb[3 * x] = (uint8_t)(r << 3 | r >> 2), rgb[3 * x + 1] = (uint8_t)(g << 2 | g >> 4);
        rgb[3 * x + 2] = (uint8_t)(b << 3 | b >> 2);
    }
    signs_0_35_row_of_rgb888(rgb, row);
    signs_0_35_row_of_rgb565(pixels, same);
    for (x = 0; x < SIGNS_0_35_ROW_BYTES; x++) if (row[x] != same[x] || row[x] != rgb[x] - 128) return 1;
    signs_0_35_row_of_rgb888(rgb, (int8_t *)rgb); /* in place */
    for (x = 0; x < SIGNS_0_35_ROW_BYTES; x++) if ((int8_t)rgb[x] != row[x]) return 2;
    return 0;
}
EOM
gcc -std=c99 "${warnings[@]}" -I"$scratch/arriving" "$scratch/main.c" "$scratch/arriving"/*.c -o "$scratch/program"
"$scratch/program" || fail "rows of a camera: $?"

# ---- Two models in one program, written together and apart ----
expect 0 compile "$scratch/signs-0.35.tflite" "$models/tiny_v2_int8.tflite" -o "$scratch/two" --name first second
expect 0 compile "$models/tiny_v2_int8.tflite" -o "$scratch/second" --name second --held
bytes=$("$mobilenet" inspect --json "$models/tiny_v2_int8.tflite" | python3 -c '
import json, math, sys
o = json.load(sys.stdin)
print(math.prod(o["tensors"][o["inputs"][0]["tensor"]]["shape"]))')
head -c "$bytes" /dev/urandom >"$scratch/tiny.raw"
expect 0 run -m "$models/tiny_v2_int8.tflite" -i "$scratch/tiny.raw" -o "$scratch/tiny"
cat >"$scratch/main.c" <<'EOM'
#include <stdio.h>
#include "first.h"
#include "second.h"
static int8_t a[FIRST_HEIGHT * FIRST_ROW_BYTES], b[SECOND_HEIGHT * SECOND_ROW_BYTES];
static int8_t c[FIRST_SCORES], d[SECOND_SCORES];
int main(void) {
    uint32_t y;
    if (fread(a, 1, sizeof a, stdin) != sizeof a || fread(b, 1, sizeof b, stdin) != sizeof b) return 1;
    first_begin();
    for (y = 0; y < FIRST_HEIGHT; y++) { /* one runs in the middle of the other */
        first_push_row(a + y * FIRST_ROW_BYTES);
        if (y == FIRST_HEIGHT / 2) second_run(b, d);
    }
    if (first_finish(c) != 0) return 2;
    fwrite(c, 1, sizeof c, stdout);
    fwrite(d, 1, sizeof d, stdout);
    return 0;
}
EOM
cat "$scratch/scores" "$scratch/tiny" >"$scratch/both"
# link ORDER...: all sources of both models, the runtime once.
link() {
    gcc -std=c99 "${warnings[@]}" -I"$scratch/two" "$@" "$scratch/main.c" -o "$scratch/program" || fail "two models: $*"
    cat "$scratch/in.raw" "$scratch/tiny.raw" | "$scratch/program" >"$scratch/got" || fail "two models: status $?"
    cmp "$scratch/both" "$scratch/got" || fail "two models: other scores"
}
link "$scratch/two"/*.c
link "$scratch/two"/first*.c "$scratch/second"/*.c
cp "$scratch/two"/first* "$scratch/second"
link "$scratch/second"/*.c

# Nothing global but what the headers name.
gcc -std=c99 -I"$scratch/two" -c "$scratch/two/first.c" -o "$scratch/first.o"
nm -g --defined-only "$scratch/first.o" | awk '{ print $3 }' | while read -r symbol; do
    grep -qw "$symbol" "$scratch/two/first.h" || fail "first.h does not name $symbol"
done

# ---- Mistakes, before anything is written ----
mkdir "$scratch/full" "$scratch/empty"
touch "$scratch/full/file"
expect 1 compile "$models/tiny_v2_int8.tflite" -o "$scratch/full"
says 'full: is there already and not empty'
[ "$(ls "$scratch/full")" = file ] || fail 'files were written all the same'
expect 1 compile "$models/tiny_v2_int8.tflite" -o "$scratch/full/file"
says 'Not a directory'
expect 0 compile "$models/tiny_v2_int8.tflite" -o "$scratch/empty"
refuse() {
    expect "$@" -o "$scratch/none"
    [ ! -e "$scratch/none" ] || fail "a folder was made: $*"
}
for name in 1st a-b int mn_net '' class "$(printf 'x%.0s' {1..50})"; do
    refuse 2 compile "$models/tiny_v2_int8.tflite" --name "$name"
    says "is not a name for functions in C"
done
cp "$models/tiny_v2_int8.tflite" "$scratch/0.tflite"
refuse 2 compile "$scratch/0.tflite"
says '0\.tflite: its name makes no name for functions in C; give one with --name'
refuse 2 compile "$models/tiny_v2_int8.tflite" --name a b
says '2 names for 1 models'
refuse 2 compile "$models/tiny_v2_int8.tflite" "$models/tiny_v2_int8.tflite"
says 'would both be called tiny_v2_int8'
refuse 2 compile "$models/tiny_v2_int8.tflite" "$models/tiny_v2_int8.tflite" --name net Net
says 'would both be called Net'
refuse 2 compile
says 'give 1 to'
for ram in 0 12Q K -5 99999999999999999999 4096M; do
    refuse 2 compile "$models/tiny_v2_int8.tflite" --ram "$ram"
    says 'is not a number of bytes'
done
refuse 2 compile "$models/tiny_v2_int8.tflite" "$scratch/0.tflite" --name a b --map "$scratch/none.svg"
says '2 models make as many maps'
[ ! -e "$scratch/none.svg" ] || fail 'a map was drawn all the same'
refuse 2 compile "$models/tiny_v2_int8.tflite" --plan --flash-speed 0
says 'give megabytes a second'
refuse 1 compile "$models/tiny_v2_int8.tflite" --ram 100
says '100 bytes of RAM are not enough; it takes at least [0-9]+'
refuse 1 compile "$models/tiny_v2_float32.tflite"
says 'tiny_v2_float32\.tflite'
refuse 1 compile "$scratch/absent.tflite"
says 'absent\.tflite'
has_tsan || (
    trap '' XFSZ # so that a file that gets too long is an error
    ulimit -f 32
    refuse 1 compile "$scratch/signs-0.35.tflite" --name huge
)
refuse 1 compile "$models/tiny_v2_int8.tflite" --check "$scratch/in.raw"
says 'in\.raw: '
refuse 1 compile "$models/tiny_v2_int8.tflite" --check "$scratch/full/file"
says 'file: '
