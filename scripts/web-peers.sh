#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/web-peers.sh MODEL.tflite [MODEL.onnx]
#
# The WebAssembly module beside tfjs-tflite, LiteRT.js and, with an ONNX model, onnxruntime-web: in turns in one run of
# Chromium, one thread each (bench/web). The engines come from the npm registry, into build-web/peers. Ends with 77
# where Node.js, Chromium, the registry or what scripts/web.sh takes is missing.
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
node bench/web/peers.mjs "$browser" build-web/out/package build-web/peers/node_modules "${models[@]}"
