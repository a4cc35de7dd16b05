#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The shared library exports the functions of the public headers and no more; the static library defines no
# global name without our prefix.
source tests/build/common.sh

need nm
grep -oh 'MN_API [^(;]*(' include/*.h | grep -o 'mn_[a-z0-9_]*(' | tr -d '(' | sort >"$scratch/declared"
nm -D --defined-only "$MN_BUILD/libmobilenet.so" | awk '{ print $3 }' | sort >"$scratch/exported"
[[ -s $scratch/declared ]] || fail "no function found in include/"
diff "$scratch/declared" "$scratch/exported" ||
    fail "declared (<) and exported (>) functions differ: mark with MN_API, or implement"

nm -g --defined-only "$MN_BUILD/libmobilenet.a" | awk 'NF == 3 && $3 !~ /^mn_/ { print $3 }' >"$scratch/foreign"
[[ ! -s $scratch/foreign ]] || fail "global names without mn_: $(tr '\n' ' ' <"$scratch/foreign")"
