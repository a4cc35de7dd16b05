#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the headers promise to programs that are compiled already is what tests/build/abi.txt says: functions, constants,
# and the sizes of structs and the places of their fields, with pointers of 64 and of 32 bits. mobilenet_inspect.h
# promises nothing. After a change that docs/interface.md allows, run in the root of the repository
#
#     bash tests/build/test_abi.sh --update
source tests/build/common.sh

known=tests/build/abi.txt

# Declarations of the headers (mobilenet_image.h includes all but one), one a line, as "function PROTOTYPE", "constant NAME", "struct NAME", "field NAME.FIELD".
list_declarations() {
    "$CC" -std=c11 -E -P -Iinclude -include mobilenet_delegate.h include/mobilenet_image.h | sed 's/__attribute__((visibility("default"))) *//' | awk '
        function fields(name, body,    lines, parts, i, k, field) {
            split(body, lines, ";")
            for (i = 1; i in lines; i++) {
                split(lines[i], parts, ",")
                for (k = 1; k in parts; k++) {
                    field = parts[k]
                    sub(/\[.*/, "", field)
                    sub(/ +$/, "", field)
                    sub(/.*[ *]/, "", field)
                    if (field != "") print "field " name "." field
                }
            }
        }
        function declare(text,    name, body, parts, i) {
            gsub(/[ \t\n]+/, " ", text)
            sub(/^ /, "", text)
            name = body = text
            sub(/^typedef (struct|enum) /, "", name)
            sub(/ .*/, "", name)
            sub(/^[^{]*\{/, "", body)
            sub(/\}[^}]*$/, "", body)
            if (text ~ /^typedef struct mn_[a-z_]+ \{/) {
                print "struct " name
                fields(name, body)
            } else if (text ~ /^typedef enum mn_/) {
                split(body, parts, ",")
                for (i = 1; i in parts; i++) if (match(parts[i], /MN_[A-Z0-9_]+/)) print "constant " substr(parts[i], RSTART, RLENGTH)
            } else if (text ~ /^[a-z].* \**mn_[a-z_]+\(/) print "function " text
        }
        { all = all " " $0 }
        END {
            for (i = 1; i <= length(all); i++) {
                c = substr(all, i, 1)
                depth += (c == "{") - (c == "}")
                if (c == ";" && depth == 0) { declare(text); text = "" } else text = text c
            }
        }'
    sed -nE 's/^#define (MN_[A-Z_]+) \(?-?[0-9]+\)?$/constant \1/p' include/mobilenet.h include/mobilenet_classify.h include/mobilenet_image.h | grep -v VERSION
}

# The same with numbers as the compiler has them, sorted: measure FLAG...
measure() {
    {
        printf '#include "%s"\n' mobilenet_delegate.h mobilenet_image.h
        echo '#define TELL(text, value) __asm__ volatile(".ascii \"->" text " %c0\"" : : "i"(value))'
        echo '#define PLACE(text, at, bytes) __asm__ volatile(".ascii \"->" text " %c0:%c1\"" : : "i"(at), "i"(bytes))'
        echo 'void tell(void); void tell(void) {'
        sed -nE -e 's/^constant (.*)/TELL("constant \1", \1);/p' -e 's/^struct (.*)/TELL("struct \1", sizeof(\1));/p' \
            -e 's/^field (.*)\.(.*)/PLACE("field \1.\2", offsetof(\1, \2), sizeof(((\1 *)0)->\2));/p' "$scratch/list"
        echo 'TELL("pointer", sizeof(void *)); }'
    } >"$scratch/tell.c"
    "$CC" -std=c11 -ffreestanding -Iinclude "$@" -S -o "$scratch/tell.s" "$scratch/tell.c" 2>"$scratch/log" || return 1
    { grep -oE -- '->[a-z]+[^"\\]*' "$scratch/tell.s" | sed 's/^->//'; grep '^function' "$scratch/list"; } | LC_ALL=C sort
}

list_declarations >"$scratch/list"
for kind in function constant struct field; do
    grep -q "^$kind" "$scratch/list" || fail "no $kind is found in include/"
done
measure >"$scratch/native" || fail "the structs cannot be measured: $(cat "$scratch/log")"
rm -f "$scratch/8" "$scratch/4"
cp "$scratch/native" "$scratch/$(sed -n 's/^pointer //p' "$scratch/native")"
if [[ ! -e $scratch/4 ]] && measure -m32 >"$scratch/small" && grep -q '^pointer 4' "$scratch/small"; then
    cp "$scratch/small" "$scratch/4"
fi

# What abi.txt says for one size of pointers, as measure says it: known_for COLUMN
known_for() {
    awk -v column="$1" '/^#/ { next } /^(struct|field) / { print $1, $2, $(2 + column); next } { print }' "$known" | LC_ALL=C sort
}

if [[ ${1:-} == --update ]]; then
    [[ -e $scratch/8 && -e $scratch/4 ]] || fail "an update needs a compiler for pointers of 64 and of 32 bits (-m32)"
    {
        echo "# What the headers promise: see tests/build/test_abi.sh, which writes this file with --update. Structs have their"
        echo "# size, and fields place:size, with pointers of 64 and of 32 bits."
        grep -v '^pointer' "$scratch/4" | awk 'NR == FNR { small[$1 " " $2] = $3; next }
            /^pointer/ { next } /^(struct|field) / { print $0, small[$1 " " $2]; next } { print }' - "$scratch/8"
    } >"$scratch/abi.txt"
    mv "$scratch/abi.txt" "$known"
    exit 0
fi

compared=0
for size in 8 4; do
    [[ -e $scratch/$size ]] || continue
    known_for $((size == 8 ? 1 : 2)) >"$scratch/known"
    grep -v '^pointer' "$scratch/$size" | diff -U0 "$scratch/known" - >"$scratch/diff" || {
        grep -E '^[-+][a-z]' "$scratch/diff" >&2
        remedy="write it down with bash tests/build/test_abi.sh --update"
        ! grep -q '^-[a-z]' "$scratch/diff" || remedy="give back what compiled programs rely on (-); or, where \
docs/interface.md allows the change, $remedy"
        fail "the interface is not what $known says, with pointers of $size bytes: $remedy"
    }
    compared=$((compared + 1))
done
[[ $compared -eq 2 ]] || echo "compared for one size of pointers; $CC -m32 does not work here"
