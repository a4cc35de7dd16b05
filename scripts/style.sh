#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/style.sh
#
# Checks what the compiler and clang-format do not: licence headers, tabs, line and file lengths, calls that a
# library must not make, layers (scripts/layers.sh), READMEs (scripts/readmes.sh) and the subjects of commits
# (scripts/subjects.sh).
source "$(dirname "$0")/lib.sh"

failed=0

# Prints the offending lines on standard input, if any, under a title: report TITLE
report() {
    local lines
    lines=$(cat)
    [[ -n $lines ]] || return 0
    printf '%s:\n%s\n' "$1" "$lines"
    failed=1
}

tracked() { git ls-files --cached --others --exclude-standard -- "$@"; }
mapfile -t c_files < <(tracked '*.c' '*.h' '*.hpp' '*.cpp')
mapfile -t text_files < <(tracked '*.c' '*.h' '*.hpp' '*.cpp' '*.def' '*.sh' '*.py' '*.md' '*.cmake' '*.in' '*.json' '*CMakeLists.txt')
mapfile -t portable_files < <(tracked src cli tests bench)
mapfile -t library_files < <(tracked 'src/*.c' 'src/*.h')

# The files without the header that every C file begins with.
without_header() {
    local file
    for file in "${c_files[@]}"; do
        [[ $(head -n 2 "$file") == $'/* SPDX-License-Identifier: MIT\n * Copyright the mobilenet.c authors */' ]] ||
            echo "$file"
    done
}

report "without the two-line licence header" < <(without_header)
report "tabs" < <(grep -nP '\t' "${text_files[@]}")
report "spaces at the end of a line" < <(grep -nP ' +$' "${text_files[@]}")
report "lines of more than 120 characters" < <(grep -nP '^.{121}' "${c_files[@]}")
report "calls that end the process or print, in the library" < <(
    grep -nE '\b((abort|exit|_Exit|quick_exit|printf|vprintf|puts|putchar|perror)\(|v?fprintf\((stdout|stderr)|fputs\(.*(stdout|stderr)\))' \
        "${library_files[@]}")
# gcc 12 for 64-bit Arm ends with an internal error on such loops.
report "extremes collected with fmax() or fmin() and not with base/extremes.h" < <(
    grep -nP '(?<!\w)([\w.>*-]+(\[[^]]*\](\.\w+)?)?) = fm(ax|in)f?\(\1,' "${portable_files[@]}")
report "unfinished work" < <(grep -nE '\b(TODO|FIXME|XXX)\b' "${c_files[@]}")
report "files of more than 600 lines" < <(wc -l "${c_files[@]}" |
    awk '$1 > 600 && $2 != "total" && $2 != "src/labels/imagenet.c" && $2 != "include/mobilenet.hpp" { print $2 ": " $1 " lines" }')
report "words that the documentation does without (CONTRIBUTING.md, Words)" < <(
    grep -rnwiE 'house|rooms|front doors?|scratch_bytes|in the place of|strangers|whoever' README.md CONTRIBUTING.md \
        docs include {src,tests,bench}/*/README.md)
report "layers of src" < <(scripts/layers.sh)
report "READMEs" < <(scripts/readmes.sh)
report "commits" < <(scripts/subjects.sh | grep -v SKIPPED)
exit "$failed"
