#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Stands in for Arm's compiler Vela in tests: takes its options, writes a copy of the model and a summary as it does.
# $VELA_FITS: the most on-chip memory with which it compiles. $VELA_LEAVES: an operator that it leaves to the processor.
set -eu
if [ "$1" = --version ]; then
    echo 9.9.9
    exit
fi
model=$1 npu='' out='' system=internal-default mode=internal-default cache=0
while [ $# -gt 1 ]; do
    shift
    case $1 in
    --accelerator-config) npu=$2 ;;
    --output-dir) out=$2 ;;
    --config) [ -f "$2" ] ;;
    --system-config) system=$2 ;;
    --memory-mode) mode=$2 ;;
    --arena-cache-size) cache=$2 ;;
    --show-cpu-operations) continue ;;
    esac
    shift
done
[ -n "$npu" ]
if [ "$cache" -gt "${VELA_FITS:-999999}" ]; then
    echo 'RuntimeError: Compilation failed: Failed to allocate tensors. Memory used 999999'
    exit 1
fi
if [ "${VELA_LEAVES:-}" ]; then printf 'CPU operators = 1\n   CPU: %s = logits (inputs [1, 2], outputs [1, 2])\n' "$VELA_LEAVES"; fi
mkdir -p "$out"
name=$(basename "$model" .tflite)
cp "$model" "$out/${name}_vela.tflite"
{
    echo experiment,system_config,memory_mode,core_clock,inference_time,sram_memory_used,dram_memory_used
    echo "default,$system,$mode,1000000000.0,0.00123456,12.25,34.5"
} >"$out/${name}_summary_$system.csv"
