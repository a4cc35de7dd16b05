#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/bench.sh [MODEL...] [-- BENCHMARK_MODEL_FLAGS...]
#
# Builds the release preset and measures each model with one thread (default: the models that recipe.sh made in out/,
# and those of ../shared/models/). docs/benchmarks.md explains how to get comparable figures.
source "$(dirname "$0")/lib.sh"

install_needs "${build_needs[@]}"
models=()
while [[ $# -gt 0 && $1 != -- ]]; do models+=("$1"); shift; done
if [[ $# -gt 0 ]]; then shift; fi
if [[ ${#models[@]} -eq 0 ]]; then
    shopt -s nullglob
    models=(out/*.tflite ../shared/models/*.tflite)
fi
[[ ${#models[@]} -gt 0 ]] || die "no model; name one, or make some with ./recipe.sh"
build release benchmark_model_command
for model in "${models[@]}"; do
    say
    say "== $model"
    build/benchmark_model --graph="$model" --num_threads=1 "$@"
done
