#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# scripts/vela.sh: with a stand-in for the compiler Vela what it asks for and prints; with Vela, where it is installed,
# models of which nothing stays on the processor.
. tests/cli/common.sh

# vela CODE ARGUMENTS...: runs the script; leaves $scratch/out and $scratch/err.
script=scripts/vela.sh
vela() {
    local wanted=$1 code=0
    shift
    "$script" "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: vela.sh $*: $(cat "$scratch/out" "$scratch/err")"
}

model=$models/tiny_v2_int8.tflite
for arguments in '' "--npu ethos-u85-256 $model" "--npu= $model" "$scratch/none" "$model $model" "--nonsense $model" \
    "--out /dev/null/none $model"; do
    # shellcheck disable=SC2086 # words are wanted
    MOBILENET_VELA=tests/cli/vela_stand_in.sh vela 1 $arguments
    says '^vela.sh: '
done
# Where build/ has no Vela: this one may.
mkdir "$scratch/elsewhere"
cp -r scripts "$scratch/elsewhere"
MOBILENET_VELA=$scratch/none PATH=/usr/bin:/bin script=$scratch/elsewhere/scripts/vela.sh vela 77 "$PWD/$model"
says 'pip install ethos-u-vela$'

export MOBILENET_VELA=$PWD/tests/cli/vela_stand_in.sh
vela 0 --out "$scratch" "$model"
cmp "$model" "$scratch/tiny_v2_int8_vela.tflite"
prints "^model +$scratch/tiny_v2_int8_vela.tflite, $(wc -c <"$model") bytes"
prints '^compiler +Vela 9.9.9, --accelerator-config ethos-u65-256$'
prints '^memory +system imx93, mode imx93, 393216 bytes of on-chip memory, NPU at 1000 MHz$'
prints 'off-chip 34.5 KiB used, on-chip 12.2 KiB used'
prints '^estimate +1.23 ms'
prints '^processor +nothing'
VELA_FITS=380000 vela 0 --out="$scratch" "$model"
prints ' 380000 bytes of on-chip memory'
VELA_FITS=1 vela 1 --out "$scratch" "$model"
says 'Failed to allocate'
says 'Vela does not compile'
VELA_LEAVES=FullyConnected vela 0 --npu ethos-u55-128 --out "$scratch" "$model"
prints '^memory +system internal-default, mode internal-default, NPU at 1000 MHz$'
prints '^processor +1 operator stays there'
prints '^ +FullyConnected = logits$'
[ -z "$(find "$scratch" -name '.*.tmp')" ] || fail 'temporary files are left'

# The real one.
export MOBILENET_VELA=${MN_VELA:-}
signs=$scratch/signs.tflite
"$mobilenet" quantize models/signs_0.35_96.h5 -o "$signs" --dense per-tensor --data-free >"$scratch/out" 2>&1 || {
    echo "SKIPPED: the part with the compiler; no model to compile: $(tail -n 1 "$scratch/out")"
    exit 0
}
code=0
scripts/vela.sh --out "$scratch" "$signs" >"$scratch/out" 2>"$scratch/err" || code=$?
if [ "$code" = 77 ]; then
    echo 'SKIPPED: the part with the compiler; install ethos-u-vela, or name its environment with MN_VELA'
    exit 0
fi
[ "$code" = 0 ] || fail "exit code $code: $(cat "$scratch/err")"
prints '^estimate +[0-9.]+ ms'
prints '^processor +nothing'
expect 0 inspect "$scratch/signs_vela.tflite"
prints '^NPU +operator 0 is a program for ethos-u65-256'
prints '^processor +no operator'
