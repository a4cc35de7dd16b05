#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/web-peers.sh MODEL.tflite [MODEL.onnx]
#
# Compares the WebAssembly module with tfjs-tflite, LiteRT.js and onnxruntime-web, in turns in one run of Chromium, one
# thread each (bench/web). The engines are installed from the npm registry to build-web/peers. Without MODEL.onnx, ONNX
# Runtime's own quantiser makes it from the same network in Python (bench/peers/onnx_network.py); if that is not
# possible, onnxruntime-web is left out. Exits with 77 if Node.js, Chromium, the registry or a tool of scripts/web.sh is
# missing.
#
#   $ROUNDS, $RUNS  rounds of all engines, and runs in each; default 12 and 10
#   --help          this text
source "$(dirname "$0")/lib.sh"

[[ $# -ge 1 && $# -le 2 ]] || die "one .tflite model, and one ONNX model if there is one; see scripts/web-peers.sh --help"
models=()
for model in "$@"; do
    [[ $model == /* ]] || model=$OLDPWD/$model
    [[ -r $model ]] || die "$model: cannot be read"
    models+=("$model")
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
    skip "Chromium is missing (on Debian: apt-get install chromium)"
have npm || skip "npm is missing (on Debian: apt-get install npm)"

scripts/web.sh --out "$PWD/build-web/out" >/dev/null
if [[ ! -d build-web/peers/node_modules/onnxruntime-web ]]; then
    mkdir -p build-web/peers
    (cd build-web/peers && npm init -y && npm install --no-audit --no-fund --ignore-scripts --legacy-peer-deps \
        @tensorflow/tfjs-tflite@0.0.1-alpha.10 @litertjs/core@2.5.3 onnxruntime-web@1.30.0) >build-web/peers.log 2>&1 ||
        skip "the other engines cannot be installed: $(tail -n 1 build-web/peers.log)"
fi
if [[ ${#models[@]} -eq 1 ]]; then
    stem=$(basename "${models[0]}" .tflite)
    mkdir -p build-web/onnx
    rm -f "build-web/onnx/$stem.int8.onnx"
    if python=$(scripts/bench-venv.sh) &&
        "$python" bench/peers/onnx_network.py "${models[0]}" build-web/onnx --int8 >build-web/onnx.log 2>&1; then
        models+=("$PWD/build-web/onnx/$stem.int8.onnx")
    else
        say "onnxruntime-web is left out: no ONNX model could be made; see build-web/onnx.log"
    fi
fi
node bench/web/peers.mjs "$browser" build-web/out/package build-web/peers/node_modules "${models[@]}"
