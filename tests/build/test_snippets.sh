#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The code in the headers' first comments, README.md and docs/interface.md compiles as C99 and C++11 without a warning, and
# what the headers show runs to its end; README.md's program is run by test_example.sh.
source tests/build/common.sh

model=tests/golden/tiny_v2_int8.tflite
photo=fuzz/corpus/image/colour-16bit.ppm
input_bytes=$((32 * 32 * 3))

# The code of the comment that a header begins with: what stands five spaces behind the star.
of_header() { sed -n '/^\/\*\*/,/^ \*\//s/^ \*     //p' "$1"; }

# The C code of a page.
# shellcheck disable=SC2016 # the marks around code are no expansion
of_page() { sed -n '/^```c$/,/^```$/p' "$1" | grep -v '^```'; }

# Makes a program of statements and of the #include lines among them: program FILE
program() {
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "mobilenet_image.h"\n'
    grep '^#include' "$1" || true
    cat <<END
static unsigned char pixels[$input_bytes];
static const size_t bytes = sizeof pixels;
static void use(const void *output) { printf("%d\\n", output != NULL && bytes == sizeof pixels); }
int main(void) {
$(grep -v '^#include' "$1")
    (void)use;
    return 0;
}
END
}

# check NAME STANDARD LANGUAGE COMPILER
check() {
    local warnings=(-Wall -Wextra -pedantic -Werror -Wno-unused-variable -Wno-unused-but-set-variable)
    "$4" -x "$3" -std="$2" "${warnings[@]}" -Iinclude -c -o "$scratch/$1.o" "$scratch/$1.c" || fail "$1 is not clean $2"
}

of_header include/mobilenet.h >"$scratch/header"
of_header include/mobilenet_classify.h >"$scratch/classify"
of_header include/mobilenet_image.h >"$scratch/image"
of_page README.md >"$scratch/readme"
of_page docs/interface.md >"$scratch/interface"
for name in header classify image readme interface; do
    [[ -s $scratch/$name ]] || fail "no code is found for $name"
    sed "s|\"model.tflite\"|\"$model\"|; s|\"cat.jpg\"|\"$photo\"|" "$scratch/$name" >"$scratch/code"
    program "$scratch/code" >"$scratch/$name.c"
    [[ $name != readme ]] || cp "$scratch/readme" "$scratch/readme.c" # a whole program
    check "$name" c99 c "$CC"
done
# What the second library was built with.
read -ra decoders <<<"$(sed -n 's/^Libs.private: *//p' "$MN_BUILD/mobilenet_image.pc")"

# run NAME OUTPUT: the program prints what matches OUTPUT.
run() {
    "$CC" -o "$scratch/$1.run" "$scratch/$1.o" "$MN_BUILD/libmobilenet_image.a" "$MN_BUILD/libmobilenet.a" \
        "${decoders[@]}" -pthread -lm || fail "$1: cannot be linked"
    "$scratch/$1.run" >"$scratch/$1.out" 2>&1 || fail "$1: fails"
    grep -qE "$2" "$scratch/$1.out" || fail "$1 does not run: $(cat "$scratch/$1.out")"
}
run header '^1$'
run classify '^[0-9.]+ % class [0-9]+$'
run image '^[0-9]+ x [0-9]+$'
need "$CXX"
for name in header classify image readme interface; do check "$name" c++11 c++ "$CXX"; done
