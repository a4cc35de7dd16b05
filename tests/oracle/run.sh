#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
#
# Compares this library with LiteRT's reference kernels, Pillow, Keras, TensorFlow and PyTorch. Needs build/libmobilenet.so.
#   tests/oracle/run.sh            everything, a quarter of an hour
#   tests/oracle/run.sh --quick    a sample of it, under a minute
#   tests/oracle/run.sh --latency  everything, and the latency table
# Exit status: 0 equal, 1 some difference, 77 skipped (the reason is printed).
set -u
cd "$(dirname "$0")/../.." || exit 1

cases=8000 photos=50 networks=4 latency='' keras=1 matrix=''
for argument in "$@"; do
    case $argument in
        --quick) cases=800 photos=2 networks=1 keras='' matrix=quick ;;
        --latency) latency=1 ;;
        -h | --help)
            awk 'NR > 4 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
            exit 0
            ;;
        *)
            echo "run.sh: unknown argument $argument; try --help" >&2
            exit 2
            ;;
    esac
done

export MOBILENET_LIBRARY=${MOBILENET_LIBRARY:-${MN_BUILD:-build}/libmobilenet.so}
if [ ! -e "$MOBILENET_LIBRARY" ]; then
    echo "run.sh: $MOBILENET_LIBRARY is missing; build first: cmake --preset release && cmake --build build" >&2
    exit 1
fi
python=$(scripts/oracle-venv.sh) || exit $?
export PYTHONDONTWRITEBYTECODE=1
# LiteRT reports its choice of delegates on standard error.
export TF_CPP_MIN_LOG_LEVEL=2

failed=0 summary=
step() {
    local name=$1
    shift
    echo "== $name"
    "$@"
    local status=$?
    case $status in
        0) summary+="PASS $name"$'\n' ;;
        77) summary+="SKIP $name"$'\n' ;;
        *) summary+="FAIL $name"$'\n' failed=1 ;;
    esac
}

# shellcheck disable=SC2317 # called by step
with_keras() {
    local keras_python
    keras_python=$(scripts/oracle-venv.sh --keras) || return $?
    "$keras_python" "$@"
}

# shellcheck disable=SC2317 # called by step
with_torch() {
    local torch_python
    torch_python=$(scripts/oracle-venv.sh --torch) || return $?
    "$torch_python" "$@"
}

# shellcheck disable=SC2317 # called by step
with_metadata() {
    local metadata_python
    metadata_python=$(scripts/oracle-venv.sh --metadata) || return $?
    "$metadata_python" "$@"
}

# shellcheck disable=SC2317 # called by step
with_vela() {
    local vela_python
    vela_python=$(scripts/oracle-venv.sh --vela) || return $?
    "$python" "$@" --vela "$vela_python"
}

step "single operators" "$python" tests/oracle/single_op.py --cases "$cases"
step "whole networks" "$python" tests/oracle/whole_model.py --photos "$photos" --networks "$networks"
if [ -e tests/oracle/pillow.py ]; then
    step "image resizing" "$python" tests/oracle/pillow.py
fi
# TensorFlow is 2 GB: a quick run does not fetch it.
if [ -z "$matrix" ] || [ -n "${MOBILENET_KERAS_PYTHON:-}" ] || [ -e build/oracle-keras-venv/bin/python ]; then
    step "converter matrix" with_keras tests/oracle/converter_matrix.py ${matrix:+--quick}
fi
if [ -z "$matrix" ]; then
    step "operators on the emulated Ethos-U" with_vela tests/oracle/npu_ops.py
    runtime=$(scripts/oracle-venv.sh --tflite-runtime 2>/dev/null) || runtime=
    step "networks on the emulated Ethos-U" with_vela tests/oracle/npu_models.py ${runtime:+--reference "$runtime"}
fi
if [ -n "$keras" ]; then
    step "Keras files" with_keras tests/oracle/keras_convert.py
    step "MobileNetV3 and heads in 8 bits" with_keras tests/oracle/quantize_heads.py
    step "PyTorch files" with_torch tests/oracle/torch_convert.py
    step "TFLite metadata" with_metadata tests/oracle/metadata.py
    step "training steps" with_keras tests/oracle/train_steps.py
fi
if [ -n "$latency" ]; then
    step "latency" "$python" tests/oracle/latency.py
fi
printf '== summary\n%s' "$summary"
exit $failed
