#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The wheels of scripts/wheel.sh, for tests/build/test_python.sh: the one for this machine is installed into an
# environment of its own and tested there, with LiteRT beside it and with nothing of this build; types are checked by
# mypy; the one for 64-bit Arm runs on an emulated processor.
source tests/build/common.sh

# Makes a wheel into $wheel: make_wheel ARGUMENT...
make_wheel() {
    local status=0
    wheel=$(scripts/wheel.sh "$@" "$scratch/wheels" 2>"$scratch/log") || status=$?
    [[ $status -ne 77 ]] || skip "$(sed -n 's/.*SKIPPED: //p' "$scratch/log" | tail -n 1)"
    [[ $status -eq 0 ]] || fail "scripts/wheel.sh $*: $(tail -n 20 "$scratch/log")"
    [[ $wheel == *-py3-none-manylinux_*.whl ]] || fail "$wheel is no manylinux wheel for every Python 3"
    echo "$(basename "$wheel"): $(stat -c %s "$wheel") bytes"
}

# What the tests need of this folder, elsewhere, so that nothing else of it helps them.
cp -r --parents python/tests tests/golden fuzz/corpus/image include examples models "$scratch/"
MN_SHARED=$(realpath -m ../shared)
export MN_SHARED TF_CPP_MIN_LOG_LEVEL=2 PYTHONDONTWRITEBYTECODE=1
unset MOBILENET_LIBRARIES PYTHONPATH

make_wheel
python3 -m venv "$scratch/user" || skip "no virtual environment (on Debian: apt-get install python3-venv)"
user=$scratch/user/bin
"$user/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 "$wheel" pillow mypy ai-edge-litert \
    2>"$scratch/log" || skip "pip cannot install NumPy, Pillow, mypy and ai-edge-litert: $(tail -n 1 "$scratch/log")"
(cd "$scratch/python/tests" && PATH=/usr/bin:/bin "$user/python" -m unittest) || fail "the tests fail with the wheel"
"$user/mobilenet" --version >"$scratch/out" || fail "the wheel's command does not run"
"$user/python" "$scratch/examples/classify.py" tests/golden/tiny_v2_int8.tflite fuzz/corpus/image/colour420.jpg \
    >"$scratch/out" || fail "examples/classify.py"
[[ $(wc -l <"$scratch/out") -eq 6 ]] || fail "examples/classify.py prints $(cat "$scratch/out")"
(cd python && "$user/mypy" --strict mobilenet_c) || fail "mypy finds something; see above"

# The same wheel's contents without an installation, on an emulated processor.
make_wheel --for aarch64
sysroot=$(scripts/arm-sysroot.sh 2>"$scratch/log") || skip "for 64-bit Arm: $(sed -n 's/.*SKIPPED: //p' "$scratch/log")"
python3 -m zipfile -e "$wheel" "$scratch/arm"
python=$(find "$sysroot/usr/bin" -name 'python3.[0-9]*' | sort | head -n 1)
(cd "$scratch/python/tests" && qemu-aarch64 -E PYTHONPATH="$scratch/arm" -L "$sysroot" "$python" -m unittest test_model \
    test_classifier test_interpreter.Alone test_interpreter.BesideLiteRT.test_bytes) || fail "the tests fail on 64-bit Arm"
