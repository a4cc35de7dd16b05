#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Threads of an emulated Arm processor hand work over without a race, by the thread sanitizer. Two teams are all that it
# stands there: its runtime crashes in QEMU 7.2 after a thousand threads or so, which tests/unit/test_threads.c starts.
# Starting it takes half a minute, so only ./test.sh --all runs it.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "the emulated sanitizer takes minutes; ./test.sh --all runs it"
for tool in aarch64-linux-gnu-gcc qemu-aarch64 setarch; do need "$tool"; done

mapfile -t sources < <(find src/base -name '*.c')
aarch64-linux-gnu-gcc -std=c11 -g -O1 -fsanitize=thread -Iinclude -Isrc tests/build/hand_over.c \
    "${sources[@]}" -o "$scratch/hand_over" -pthread -lm 2>"$scratch/log" ||
    skip "no program with the thread sanitizer can be built: $(tail -n 1 "$scratch/log")"

# Without random addresses, or the sanitizer would start the program anew, without the emulator.
run() { setarch -R qemu-aarch64 -L /usr/aarch64-linux-gnu "$scratch/hand_over" "$@" >"$scratch/out" 2>&1; }

! run race || skip "the thread sanitizer finds no race in this emulator"
grep -q 'data race' "$scratch/out" || skip "the thread sanitizer does not run in this emulator: $(head -n 1 "$scratch/out")"
run || fail "$(head -n 20 "$scratch/out")"
cat "$scratch/out"
