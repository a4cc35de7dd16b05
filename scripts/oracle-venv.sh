#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# Prints the path of a Python with LiteRT, NumPy and Pillow, and makes a virtual environment in build/oracle-venv the
# first time. $MOBILENET_ORACLE_PYTHON names an existing interpreter instead. Exits with 77, with the reason on standard
# error, if it cannot be made.
#   scripts/oracle-venv.sh           as above
#   scripts/oracle-venv.sh --keras   with TensorFlow, Keras 3 and Keras 2 too, in build/oracle-keras-venv (2 GB), or
#                                    $MOBILENET_KERAS_PYTHON
#   scripts/oracle-venv.sh --torch   with PyTorch, torchvision, timm and ONNX Runtime instead, in
#                                    build/oracle-torch-venv (several GB), or $MOBILENET_TORCH_PYTHON
#   scripts/oracle-venv.sh --metadata   with tflite-support alone, in build/oracle-metadata-venv, or
#                                    $MOBILENET_METADATA_PYTHON
#   scripts/oracle-venv.sh --tflite-runtime   with tflite-runtime 2.14.0, NumPy and Pillow instead, in
#                                    build/oracle-runtime-venv, or $MOBILENET_RUNTIME_PYTHON
#   scripts/oracle-venv.sh --vela    with Arm's compiler Vela alone, in build/vela-venv, where scripts/vela.sh looks for
#                                    it, or $MOBILENET_VELA_PYTHON
case ${1:-} in -h | --help)
    awk 'NR > 4 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    exit 0
    ;;
esac
set -u
cd "$(dirname "$0")/.." || exit 1

skip() {
    echo "SKIPPED: $1" >&2
    exit 77
}

modules='ai_edge_litert.interpreter, flatbuffers, numpy, PIL'
packages=(ai-edge-litert flatbuffers numpy pillow)
folder=build/oracle-venv named=${MOBILENET_ORACLE_PYTHON:-}
if [ "${1:-}" = --keras ]; then
    modules+=', keras, tensorflow, h5py'
    packages+=(tensorflow tf-keras)
    folder=build/oracle-keras-venv named=${MOBILENET_KERAS_PYTHON:-}
fi

if [ "${1:-}" = --torch ]; then
    modules='numpy, torch, torchvision, timm, onnx, onnxscript, onnxruntime, safetensors'
    packages=(numpy torch torchvision timm onnx onnxscript onnxruntime safetensors)
    folder=build/oracle-torch-venv named=${MOBILENET_TORCH_PYTHON:-}
fi

if [ "${1:-}" = --metadata ]; then
    modules='tflite_support.metadata_writers'
    packages=(tflite-support==0.4.4 'numpy<2')
    folder=build/oracle-metadata-venv named=${MOBILENET_METADATA_PYTHON:-}
fi

if [ "${1:-}" = --tflite-runtime ]; then
    modules='tflite_runtime.interpreter, numpy, PIL'
    packages=(tflite-runtime==2.14.0 'numpy<2' pillow)
    folder=build/oracle-runtime-venv named=${MOBILENET_RUNTIME_PYTHON:-}
fi

if [ "${1:-}" = --vela ]; then
    modules='ethosu.vela.vela'
    packages=(ethos-u-vela)
    folder=build/vela-venv named=${MOBILENET_VELA_PYTHON:-}
fi

complete() { TF_CPP_MIN_LOG_LEVEL=3 "$1" -c "import $modules" 2>/dev/null; }

if [ -n "$named" ]; then
    complete "$named" || skip "$named lacks one of $modules"
    echo "$named"
    exit 0
fi

python=$PWD/$folder/bin/python
mkdir -p build
# Tests that run at the same time make it once.
exec 9>"$folder.lock"
if command -v flock >/dev/null; then flock 9; fi
if ! complete "$python"; then
    command -v python3 >/dev/null || skip "python3 is missing (on Debian: apt-get install python3-venv)"
    rm -rf "$folder"
    log=$(python3 -m venv "$folder" 2>&1) ||
        skip "no virtual environment (on Debian: apt-get install python3-venv): ${log%%$'\n'*}"
    log=$("$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        "${packages[@]}" 2>&1) ||
        skip "pip cannot install ${packages[*]}; is the package registry reachable? ${log##*$'\n'}"
    complete "$python" || skip "${packages[*]} were installed but one of $modules does not load"
fi
echo "$python"
