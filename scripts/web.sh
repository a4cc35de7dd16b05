#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/web.sh [--out DIR]
#
# Builds the packages for browsers and Node.js (web/): DIR/package, the npm package mobilenet-c, and DIR/page, the page
# that classifies photos. Needs clang, wasm-ld, wasi-libc and Node.js; if one of them is missing, it says how to install
# it and exits with 77.
#
#   --out DIR  output folder; default out/web
#   --help     this text
source "$(dirname "$0")/lib.sh"

here=$OLDPWD out=out/web
while [[ $# -gt 0 ]]; do
    case $1 in
    --out=*) out=${1#*=} ;;
    --out)
        [[ $# -gt 1 ]] || die "--out needs a value; see scripts/web.sh --help"
        out=$2
        shift
        ;;
    *) die "unknown argument $1; see scripts/web.sh --help" ;;
    esac
    shift
done
[[ $out == /* || $out == out/web ]] || out=$here/$out

missing=()
have node || missing+=(nodejs)
have "clang-$clang_release" || have clang || missing+=(clang)
have "wasm-ld-$clang_release" || have wasm-ld || missing+=(lld)
[[ -e /usr/include/wasm32-wasi/stdlib.h ]] || missing+=(wasi-libc)
compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/wasi' >/dev/null || missing+=("libclang-rt-$clang_release-dev-wasm32")
[[ ${#missing[@]} -eq 0 ]] || skip "WebAssembly cannot be built (on Debian: apt-get install ${missing[*]})"

folder=build-web
quietly cmake -S . -B "$folder" -G Ninja --toolchain cmake/toolchains/wasi-simd.cmake -DCMAKE_BUILD_TYPE=Release \
    -DMN_TESTS=OFF -DMN_TOOLS=OFF >/dev/null
quietly cmake --build "$folder" -j "$jobs" --target mobilenet_web
build release mobilenet_command >/dev/null
rm -f "$folder/signs.tflite"
quietly build/mobilenet quantize models/signs_0.35_96.h5 --data-free -o "$folder/signs.tflite"
node web/build.mjs "$folder/mobilenet.wasm" "$folder/signs.tflite" "$out"
say "$out/package: $(stat -c %s "$out/package/mobilenet.wasm") bytes of WebAssembly"
say "$out/page/index.html: $(stat -c %s "$out/page/index.html") bytes"
