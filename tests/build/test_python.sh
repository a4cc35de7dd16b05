#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Python package over the libraries of this build: its own tests, without what takes long. $MN_LONG_TESTS: also
# tests/build/python_wheel.sh.
source tests/build/common.sh

build=$(realpath "${MN_BUILD:-build}")
[[ -e $build/libmobilenet_image.so.0.1 ]] || skip "there is no shared library in $build"
# A Python with NumPy: the one in use, or that of the comparison with LiteRT.
python=python3
if ! python3 -c 'import numpy' 2>/dev/null; then
    python=$(scripts/oracle-venv.sh 2>"$scratch/log") || skip "NumPy is missing (pip install numpy), and $(cat "$scratch/log")"
fi

export MOBILENET_LIBRARIES=$build PYTHONPATH=$PWD/python PYTHONDONTWRITEBYTECODE=1 TF_CPP_MIN_LOG_LEVEL=2
parts=(test_library test_model test_classifier test_tools test_interpreter.Alone)
if [[ -n ${MN_LONG_TESTS:-} ]]; then parts+=(test_interpreter.BesideLiteRT); fi
(cd python/tests && "$python" -m unittest "${parts[@]}") ||
    fail "the tests of the Python package failed; see above"
if [[ -n ${MN_LONG_TESTS:-} ]]; then exec bash tests/build/python_wheel.sh; fi
