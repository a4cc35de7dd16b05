#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The code in mobilenet.h's first comment, README.md and docs/interface.md compiles as C99 and C++11 without a warning,
# and what the header and README.md show runs a model to its end.
source tests/build/common.sh

model=tests/golden/tiny_v2_int8.tflite
input_bytes=$((32 * 32 * 3))

# The code of the comment that a header begins with: what stands five spaces behind the star.
of_header() { sed -n '/^\/\*\*/,/^ \*\//s/^ \*     //p' "$1"; }

# The C code of a page.
# shellcheck disable=SC2016 # the marks around code are no expansion
of_page() { sed -n '/^```c$/,/^```$/p' "$1" | grep -v '^```'; }

# Makes a program of statements and of the #include lines among them: program FILE
program() {
    printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "mobilenet.h"\n'
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
of_page README.md >"$scratch/readme"
of_page docs/interface.md >"$scratch/interface"
for name in header readme interface; do
    [[ -s $scratch/$name ]] || fail "no code is found for $name"
    sed "s|\"model.tflite\"|\"$model\"|" "$scratch/$name" >"$scratch/code"
    program "$scratch/code" >"$scratch/$name.c"
    check "$name" c99 c "$CC"
done
for name in header readme; do
    "$CC" -o "$scratch/$name.run" "$scratch/$name.o" "$MN_BUILD/libmobilenet.a" -pthread -lm || fail "$name: cannot be linked"
    [[ $("$scratch/$name.run" 2>&1) == 1 ]] || fail "$name does not run $model: $("$scratch/$name.run" 2>&1)"
done
need "$CXX"
for name in header readme interface; do check "$name" c++11 c++ "$CXX"; done
