#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The commands of docs/tutorial.md, taken from the page, in its order: here with the pictures of models/signs for photos;
# with MN_LONG_TESTS with the data set that the page fetches, and on the boards that it names.
source tests/build/common.sh

mobilenet=$MN_BUILD/mobilenet
[[ -x $mobilenet ]] || skip "$mobilenet is not built"
grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt" || skip "JPEG is not read in this build (MN_IMAGE)"
long=${MN_LONG_TESTS:-}
root=$PWD
page=$root/docs/tutorial.md
[[ $MN_BUILD == /* ]] || MN_BUILD=$root/$MN_BUILD

# A root like the repository's, in which the commands may write.
cd "$scratch"
for entry in cmake CMakeLists.txt examples include models mcu src cli tests; do ln -s "$root/$entry" .; done
mkdir build
ln -s "$MN_BUILD/mobilenet" build

# The block of the page that holds the text: block TEXT
block() {
    awk -v text="$1" '/^```sh$/ { inside = 1; code = ""; next }
        /^```$/ { if (inside && index(code, text)) printf "%s", code; inside = 0 }
        inside { code = code $0 "\n" }' "$page"
}

# Runs it, with its output in $scratch/out: run TEXT
run() {
    block "$1" >code
    [[ -s code ]] || fail "docs/tutorial.md has no command '$1'"
    bash -e code >out 2>err || fail "$(cat code) fails: $(tail -n 5 err)"
    blocks=$((blocks + 1))
}

partly=() blocks=0
if [[ -n $long ]] && block 'digits-venv' >code && bash -e code >out 2>err; then
    blocks=1 least=85
else
    mkdir photos
    cp -r "$root/models/signs" photos/train
    cp -r "$root/models/signs" photos/test
    least=90
    partly+=("the data set is left out")
fi

run 'mobilenet train'
grep -q 'held out: ' out || fail "train says nothing of the pictures held out"
grep -q '^## Accuracy' mine_0.35_96.h5.md || fail "no model card beside the weights"
run 'mobilenet evaluate'
# Both models are good, and near each other.
mapfile -t top1 < <(sed -n 's/^ *top-1 *\([0-9]*\)\..*/\1/p' out)
[[ ${#top1[@]} -eq 2 && ${top1[0]} -ge $least && ${top1[1]} -ge $least ]] || fail "not accurate enough: $(cat out)"
cp out evaluated
grep -q 'set the ranges' mine.tflite.md || fail "no model card beside mine.tflite"
run 'mobilenet compile'
[[ -s network/network.h ]] || fail "nothing is compiled"
run 'inspect --npu'
grep -q 'Vela 5.x takes' out || fail "inspect says nothing of the NPU: $(cat out)"

if [[ -z $long ]]; then
    partly+=("boards are left out; ./test.sh --all has them")
else
    if command -v arm-none-eabi-gcc >/dev/null && command -v qemu-system-arm >/dev/null; then
        run 'arm-none-eabi-gcc'
        # QEMU prints what a board says on standard output or, as 7.2 does, on standard error.
        grep -q '^class ' out err || fail "the microcontroller says nothing: $(cat out err)"
    else
        partly+=("arm-none-eabi-gcc or qemu-system-arm is missing")
    fi
    if [[ -d photos/test/0 && -e /usr/lib/aarch64-linux-musl/musl-gcc.specs ]] && command -v qemu-aarch64 >/dev/null; then
        run 'musl-aarch64.cmake'
        run 'qemu-aarch64 '
        cp out arm
        build/mobilenet classify -m mine.tflite photos/test/*/*00.* >here 2>/dev/null
        diff <(grep ' %  ' here) <(grep ' %  ' arm) || fail "the board (>) answers otherwise than this machine (<)"
    else
        partly+=("the digits, musl for 64-bit Arm or qemu-aarch64 are missing: cmake/toolchains/musl-aarch64.cmake")
    fi
    [[ $blocks -eq $(grep -c '^```sh$' "$page") || ${#partly[@]} -gt 0 ]] || fail "commands of the page are not run"
fi
for reason in "${partly[@]}"; do echo "SKIPPED in part: $reason"; done
sed -n '/top-1/p; /agree/p' evaluated
