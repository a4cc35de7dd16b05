#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every script answers --help and -h with its help, and does nothing else.
source tests/build/common.sh

for script in recipe.sh test.sh scripts/*.sh tests/oracle/run.sh; do
    [[ $script != scripts/lib.sh ]] || continue
    for flag in --help -h; do
        timeout 5 "./$script" "$flag" >"$scratch/help" 2>"$scratch/err" || fail "$script $flag: status $?"
        [[ $(wc -l <"$scratch/help") -ge 3 && ! -s $scratch/err ]] || fail "$script $flag gives no help: $(cat "$scratch/help")"
        grep -q "$(basename "$script")\|^Prints" "$scratch/help" || fail "$script $flag: $(head -n 3 "$scratch/help")"
        ! grep -q '^#\|set -' "$scratch/help" || fail "$script $flag prints code"
    done
done
