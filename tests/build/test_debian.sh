#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's packages can be built and pass lintian; unpacked, their commands and libraries work, for 64-bit Arm too. Builds
# everything twice, so only ./test.sh --all runs it.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it builds Debian's packages, which takes minutes; ./test.sh --all does"
need dpkg-buildpackage
need dh
need git
version=$(dpkg-parsechangelog -S Version)

# Builds the packages, by compilers of Debian's choice, and unpacks those that users install: packages ARCHITECTURE [OPTION...]
packages() {
    local package
    root=$scratch/$1-root
    mkdir -p "$scratch/$1/source" "$root"
    git ls-files -co --exclude-standard -z | tar -c --null -T - | tar -x -C "$scratch/$1/source"
    (cd "$scratch/$1/source" && env -u CC -u CXX dpkg-buildpackage -b -us -uc "-j$(nproc)" "${@:2}") >"$scratch/log" 2>&1 ||
        fail "packages for $1: $(tail -n 20 "$scratch/log")"
    for package in libmobilenet0.1 libmobilenet-image0.1 libmobilenet-dev mobilenet-tools; do
        dpkg -x "$scratch/$1/${package}_${version}_$1.deb" "$root"
    done
    command -v lintian >/dev/null || return 0
    lintian --allow-root "$scratch/$1/"*.changes >"$scratch/lintian" 2>&1 || true
    ! grep -E '^[EW]: ' "$scratch/lintian" || fail "lintian complains about the packages for $1"
}

# The answer of the tiny model to a photo, by the command of a build: answer COMMAND...
answer() { "$@" classify -m tests/golden/tiny_v2_int8.tflite --json fuzz/corpus/image/colour-16bit.ppm | sed 's/"milliseconds": [0-9.e-]*//'; }

[[ $("$MN_BUILD/mobilenet" --version) == *" $version"* ]] || fail "debian/changelog is not of this version"
machine=$(dpkg --print-architecture)
packages "$machine"
libraries=$(dirname "$(find "$root" -name libmobilenet.so)")
wanted=$(answer "$MN_BUILD/mobilenet") || fail "no answer"
given=$(LD_LIBRARY_PATH=$libraries answer "$root/usr/bin/mobilenet") || fail "the packaged command has no answer"
[[ $given == "$wanted" ]] || fail "the packaged command answers $given, not $wanted"
"$CC" -std=c11 -I"$root/usr/include" tests/build/consumer.c -L"$libraries" -lmobilenet -o "$scratch/consumer" ||
    fail "a program cannot be built with libmobilenet-dev"
LD_LIBRARY_PATH=$libraries "$scratch/consumer" >/dev/null || fail "a program with libmobilenet-dev fails"

need aarch64-linux-gnu-gcc
need qemu-aarch64
packages arm64 -aarm64 -d
libraries=$(dirname "$(find "$root" -name libmobilenet.so)")
given=$(answer qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$libraries" "$root/usr/bin/mobilenet") ||
    fail "the command packaged for 64-bit Arm has no answer"
[[ $given == "$wanted" ]] || fail "the command packaged for 64-bit Arm answers $given, not $wanted"
