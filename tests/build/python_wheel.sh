#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The wheels of scripts/wheel.sh, for tests/build/test_python.sh: the one for this machine is installed into an
# environment of its own and tested there, with LiteRT beside it and with nothing of this build; types are checked by
# mypy; the one for 64-bit Arm runs on an emulated processor.
source tests/build/common.sh

# Makes a wheel for a machine as Debian calls it into $wheel: make_wheel MACHINE ARGUMENT...
make_wheel() {
    local status=0
    wheel=$(scripts/wheel.sh "${@:2}" "$scratch/wheels" 2>"$scratch/log") || status=$?
    [[ $status -ne 77 ]] || skip "$(sed -n 's/.*SKIPPED: //p' "$scratch/log" | tail -n 1)"
    [[ $status -eq 0 ]] || fail "scripts/wheel.sh ${*:2}: $(tail -n 20 "$scratch/log")"
    [[ $wheel == *-py3-none-manylinux_*.whl ]] || fail "$wheel is no manylinux wheel for every Python 3"
    # Linked in a root with an older C library, which is made where Debian's packages are.
    [[ ! -d build-cross/wheel-$1 || $wheel == *manylinux_2_31_* ]] || fail "$wheel needs a newer C library than 2.31"
    echo "$(basename "$wheel"): $(stat -c %s "$wheel") bytes"
}

# What the tests need of this folder, elsewhere, so that nothing else of it helps them.
cp -r --parents README.md python/tests tests/golden fuzz/corpus/image include examples models "$scratch/"
MN_SHARED=$(realpath -m ../shared)
export MN_SHARED TF_CPP_MIN_LOG_LEVEL=2 PYTHONDONTWRITEBYTECODE=1
unset MOBILENET_LIBRARIES PYTHONPATH

make_wheel "$(dpkg --print-architecture 2>/dev/null || true)"
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

# The wheel for 64-bit Arm, unpacked, on an emulated processor: its own tests, and the same bytes of every integer model,
# and names and probabilities of a photo, as here.
make_wheel arm64 --for aarch64
sysroot=$(scripts/arm-sysroot.sh 2>"$scratch/log") || skip "for 64-bit Arm: $(sed -n 's/.*SKIPPED: //p' "$scratch/log")"
python3 -m zipfile -e "$wheel" "$scratch/arm"
python=$(find "$sysroot/usr/bin" -name 'python3.[0-9]*' | sort | head -n 1)
on_arm() { qemu-aarch64 -E PYTHONPATH="$scratch/arm" -L "$sysroot" "$python" "$@"; }
(cd "$scratch/python/tests" && on_arm -m unittest test_model test_classifier test_interpreter.Alone \
    test_interpreter.BesideLiteRT.test_bytes) || fail "the tests fail on 64-bit Arm"
cases=(fuzz/corpus/image/colour420.jpg tests/golden/tiny_v2_int8.tflite tests/golden/tiny_v2_per_channel_int8.tflite
    tests/golden/tiny_v2_uint8.tflite)
photos=$MN_SHARED/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
if [[ -e $photos ]]; then cases=("$MN_SHARED/images/example_input.jpg" "${cases[@]:1}" "$photos"); fi
"$user/python" tests/build/wheel_outputs.py "${cases[@]}" >"$scratch/here" || fail "wheel_outputs.py"
on_arm tests/build/wheel_outputs.py "${cases[@]}" >"$scratch/there" || fail "wheel_outputs.py on 64-bit Arm"
diff "$scratch/here" "$scratch/there" >"$scratch/log" || fail "on 64-bit Arm (>) the wheel says other than here (<): $(cut -c 1-200 "$scratch/log")"
chmod +x "$scratch/arm/mobilenet_c/lib/mobilenet" # which zipfile forgets
qemu-aarch64 -L "$sysroot" "$scratch/arm/mobilenet_c/lib/mobilenet" --version >"$scratch/out" ||
    fail "the wheel's command does not run on 64-bit Arm"
echo "64-bit Arm: the same bytes of $((${#cases[@]} - 1)) models"
