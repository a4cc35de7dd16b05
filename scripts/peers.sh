#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/peers.sh [--quick] [ARGUMENTS of bench/peers...]
#
# Builds the release preset and compares this library with LiteRT, OpenVINO and ONNX Runtime: MobileNetV2 of three sizes
# in int8 and float32, and the int8 models of ../shared/models, with 1 and 2 threads, and on x86-64 each with fewer
# instructions, too (--tiers). Results are in build/bench/.
#
#   --quick   only the smallest model and few runs: checks that everything works, without accurate figures
#   --docs    also insert the report into docs/benchmarks.md
#
# bench/peers --help lists the other arguments. Exits with 77 if LiteRT is not available.
source "$(dirname "$0")/lib.sh"

arguments=(--build build)
shopt -s nullglob
quick=0
for argument in "$@"; do
    case $argument in
    --quick) quick=1 ;;
    *) arguments+=("$argument") ;;
    esac
done
if [[ $quick -eq 1 ]]; then
    arguments=(--only 0.35 --rounds 2 --seconds 0.05 --starts 1 "${arguments[@]}")
else
    for model in ../shared/models/*_ptq.tflite; do arguments=(--model "$model" "${arguments[@]}"); done
    [[ $(uname -m) != x86_64 ]] || arguments=("--tiers=avx512vnni,avx512,avxvnni,avx2" "${arguments[@]}")
fi
install_needs "${build_needs[@]}"
build release mobilenet_command mobilenet_shared mobilenet_delegate
python=$(scripts/bench-venv.sh)
PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=2 exec "$python" bench/peers "${arguments[@]}"
