#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/cross.sh [--quick] [SYSTEM]...
#
# Builds for other systems with the files of cmake/toolchains, in build-cross/, runs the unit tests and the kernels'
# check in emulators, and compares the outputs of models, and what `mobilenet quantize` writes there, with the host's.
# Systems: aarch64, armhf, riscv64, i386, s390x, musl, windows, windows-i686, emscripten, wasi, wasi-simd, bare. "musl" is
# this system with static programs and another C library, "bare" with nothing but C11's. Without names, all systems are
# tested; those without a compiler or an emulator are skipped, with the packages to install. Exits with 77 if nothing
# could be run.
#
#   --quick  64-bit and 32-bit Arm and 32-bit x86: only the library, at -O1, and a few of its tests
#   --help   this text
source "$(dirname "$0")/lib.sh"

quick=0
systems=()
for argument in "$@"; do
    case $argument in
    --quick) quick=1 ;;
    aarch64 | armhf | riscv64 | i386 | s390x | musl | windows | windows-i686 | emscripten | wasi | wasi-simd | bare)
        systems+=("$argument")
        ;;
    *) die "unknown argument $argument; see scripts/cross.sh --help" ;;
    esac
done
asked=${#systems[@]}
check=check
if [[ $quick -eq 1 ]]; then check=check_quickly; fi
if [[ $asked -eq 0 && $quick -eq 1 ]]; then systems=(aarch64 armhf i386); fi
if [[ ${#systems[@]} -eq 0 ]]; then
    systems=(aarch64 armhf riscv64 i386 s390x musl windows windows-i686 emscripten wasi wasi-simd bare)
fi

# What 32 bits may break, run without an emulator.
quick_tests_i386=(base golden graph model_open quant_math reference tflite_read)
# What the bare system's lack of folders and of their listing does not touch.
bare_tests=(checkkernels golden graph session threads tflite_read)
export WINEDEBUG=${WINEDEBUG:--all} # no chatter
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs} # what Emscripten's tools are made of, for a Node.js not Debian's

# Sets `needs` to what SYSTEM takes, as PROBE:DEBIAN-PACKAGE. What is no command is probed for here, and then needed as
# the command "absent".
needs_of() {
    case $1 in
    aarch64) needs=(aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-aarch64:qemu-user) ;;
    armhf) needs=(arm-linux-gnueabihf-gcc:gcc-arm-linux-gnueabihf qemu-arm:qemu-user) ;;
    riscv64) needs=(riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu qemu-riscv64:qemu-user) ;;
    i386) needs_of_i386 ;;
    s390x) needs=(s390x-linux-gnu-gcc:gcc-s390x-linux-gnu qemu-s390x:qemu-user) ;;
    musl) needs=(musl-gcc:musl-tools) ;;
    windows) needs=(x86_64-w64-mingw32-gcc:gcc-mingw-w64-x86-64 wine:wine wine:wine64) ;;
    windows-i686)
        needs=(i686-w64-mingw32-gcc:gcc-mingw-w64-i686 wine:wine)
        [[ -e /usr/lib/wine/wineserver32 ]] || needs+=(absent:wine32:i386)
        ;;
    emscripten) needs=(emcc:emscripten node:nodejs) ;;
    wasi | wasi-simd) needs_of_wasi ;;
    bare) needs=() ;;
    esac
}

# An x86-64 processor runs these programs itself, and its own compiler may make them.
needs_of_i386() {
    needs=(i686-linux-gnu-gcc:gcc-i686-linux-gnu)
    [[ $(uname -m) == x86_64 ]] || needs+=(qemu-i386:qemu-user)
    if ! have i686-linux-gnu-gcc && makes_32_bits; then needs=(); fi
}

needs_of_wasi() {
    local libraries
    needs=(node:nodejs)
    have clang || needs+=("clang-$clang_release:clang-$clang_release")
    have wasm-ld || needs+=("wasm-ld-$clang_release:lld-$clang_release")
    [[ -e /usr/include/wasm32-wasi/stdlib.h ]] || needs+=(absent:wasi-libc)
    libraries=(/usr/lib/llvm-*/lib/clang/*/lib/wasi)
    [[ -e ${libraries[0]} ]] || needs+=("absent:libclang-rt-$clang_release-dev-wasm32")
}

makes_32_bits() {
    local program
    program=$(mktemp)
    echo 'int main(void) { return 0; }' | gcc -m32 -x c - -o "$program" 2>/dev/null && "$program"
    local status=$?
    rm -f "$program"
    return "$status"
}

# Prints the packages that SYSTEM lacks.
lacks() {
    local need needs
    needs_of "$1"
    for need in "${needs[@]}"; do
        have "${need%%:*}" || printf ' %s' "${need#*:}"
    done
}

# Runs CTest's tests of the build folder FOLDER, all or the given ones: tests_of FOLDER [NAME...]
tests_of() {
    local names
    names=$(IFS='|' && echo "${*:2}")
    ctest --test-dir "$1" -j "$jobs" --output-on-failure --no-tests=error ${names:+-R "^($names)\$"} | tail -n 40
}

# 8-bit models whose outputs are compared; those that people have beside the source too.
models() { find tests/golden/tiny_v2_*int8.tflite ../shared/models -name '*.tflite' ! -name '*float*' 2>/dev/null | sort; }

# Runs a program in the folder FOLDER of a build, or of its tests: emulated FOLDER NAME [ARGUMENT...]
emulated() {
    local run=() emulator
    emulator=$(sed -n 's/^MN_EMULATOR:[A-Z]*=//p' "${1%/tests}/CMakeCache.txt")
    IFS=';' read -ra run <<<"$emulator"
    "${run[@]}" "$(find "$1" -maxdepth 1 -type f \( -name "$2" -o -name "$2.exe" -o -name "$2.js" \))" "${@:3}"
}

# The bytes that the models in SYSTEM's build FOLDER give are those that they give here.
same_outputs() {
    local given wanted list
    mapfile -t list < <(models)
    # WASI's programs see no folder but the one that they are called in.
    if [[ $1 == wasi* ]]; then mapfile -t list < <(models | grep -v '^[.][.]/'); fi
    build release outputs >/dev/null
    wanted=$(build/tests/outputs "${list[@]}") || return 1
    given=$(emulated "$2/tests" outputs "${list[@]}" | tr -d '\r') || return 1
    [[ $given == "$wanted" ]] || { printf 'outputs differ; here:\n%s\non %s:\n%s\n' "$wanted" "$1" "$given"; return 1; }
    say "    ${#list[@]} models give the same bytes"
}

# What the command in SYSTEM's build FOLDER quantises is what the command here does, where floats are rounded alike
# (docs/numerics.md): with portable kernels, with AVX2, and with 64-bit Arm's NEON as with AVX2.
same_quantised() {
    local made pair pairs=(portable:portable)
    build release mobilenet_command >/dev/null && made=$(mktemp -d) && mkdir "$made/photos" || return 1
    { printf 'P6\n40 40\n255\n' && seq 1000 1959; } >"$made/photos/photo.ppm"
    build/mobilenet new --width 0.35 --size 32 --classes 3 --seed 7 -o "$made/float.tflite" >/dev/null || return 1
    if [[ $(build/mobilenet --version) == *avx2* ]]; then
        case $1 in aarch64) pairs+=(avx2:neon) ;; musl | windows) pairs+=(avx2:avx2) ;; esac
    fi
    local quantise=(quantize "$made/float.tflite" --images "$made/photos" --optimize --no-card -o)
    for pair in "${pairs[@]}"; do
        MOBILENET_CPU=${pair%:*} build/mobilenet "${quantise[@]}" "$made/here-${pair%:*}.tflite" >/dev/null || return 1
        MOBILENET_CPU=${pair#*:} emulated "$2" mobilenet "${quantise[@]}" "$made/there-${pair#*:}.tflite" >/dev/null || return 1
        cmp "$made/here-${pair%:*}.tflite" "$made/there-${pair#*:}.tflite" || return 1
    done
    rm -r "$made"
    say "    quantize writes the same bytes"
}

# Builds and runs everything for one system.
check() {
    local system=$1 folder=build-cross/$1 options=(-DCMAKE_BUILD_TYPE=Release -DMN_WERROR=ON) targets=() names=()
    if [[ $system == bare ]]; then
        options+=(-DCMAKE_C_FLAGS=-DMN_SYSTEM_BARE)
        names=("${bare_tests[@]}")
    else
        options+=(--toolchain "cmake/toolchains/$system.cmake")
    fi
    for name in "${names[@]}"; do targets+=("test_$name"); done
    if [[ ${#names[@]} -gt 0 ]]; then targets=(mobilenet_static outputs "${targets[@]/test_checkkernels/checkkernels}"); fi
    quietly cmake -S . -B "$folder" -G Ninja "${options[@]}" >/dev/null || return 1
    quietly cmake --build "$folder" -j "$jobs" ${targets[0]:+--target "${targets[@]}"} || return 1
    # Two tests at once would both set up Wine's folder, which one of them fails at.
    if [[ $system == windows* ]]; then
        export WINEPREFIX=$PWD/build-cross/wine-$system
        wine wineboot --init >/dev/null 2>&1 || return 1
    fi
    tests_of "$folder" "${names[@]}" && same_outputs "$system" "$folder" || return 1
    case $system in emscripten | wasi* | bare) ;; *) same_quantised "$system" "$folder" || return 1 ;; esac
    if [[ $system == windows* ]]; then build release mobilenet_command >/dev/null && tests/build/windows_commands.sh "$folder"; fi
}

# Little of one system, in a build folder of its own.
check_quickly() {
    local folder=build-cross/quick-$1 options=(-DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-O1) names=()
    if [[ $1 == i386 ]]; then names=("${quick_tests_i386[@]}"); fi
    quietly cmake -S . -B "$folder" -G Ninja "${options[@]}" --toolchain "cmake/toolchains/$1.cmake" >/dev/null || return 1
    quietly cmake --build "$folder" -j "$jobs" --target checkkernels outputs "${names[@]/#/test_}" || return 1
    if [[ ${#names[@]} -gt 0 ]]; then tests_of "$folder" "${names[@]}" || return 1; fi
    emulated "$folder/tests" checkkernels --cases=3 --seed=1 && same_outputs "$1" "$folder"
}

checked=0
for system in "${systems[@]}"; do
    missing=$(lacks "$system")
    if [[ -n $missing ]]; then
        say "SKIPPED: $system: compiler or emulator is missing (on Debian: apt-get install$missing)"
        [[ $asked -eq 0 ]] || exit 77
        continue
    fi
    start=$SECONDS
    say "$system"
    "$check" "$system" || die "$system: failed"
    say "    passed in $((SECONDS - start)) s"
    checked=$((checked + 1))
done
[[ $checked -gt 0 ]] || exit 77
