#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each public header stands alone as C99, C11 and C++11, without a warning.
source tests/build/common.sh

# check STANDARD LANGUAGE COMPILER
check() {
    for header in include/*.h; do
        printf '#include "%s"\n#include "%s"\nint header_is_included(void);\n' "${header#include/}" "${header#include/}" |
            "$3" -x "$2" -std="$1" -Wall -Wextra -pedantic -Werror -Iinclude -fsyntax-only - ||
            fail "$header is not clean $1"
    done
}

check c99 c "$CC"
check c11 c "$CC"
need "$CXX"
check c++11 c++ "$CXX"
check c++17 c++ "$CXX"
