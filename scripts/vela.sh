#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/vela.sh [--npu ACCELERATOR] [--out DIR] MODEL.tflite
#
# Compiles an int8 model for an Arm Ethos-U with Arm's compiler Vela: DIR/MODEL_vela.tflite. Prints Vela's estimate,
# with its version and the assumed memory, and the operators that it leaves to the CPU. For Ethos-U65 the memory is that
# of NXP's i.MX 93 (scripts/imx93.ini).
#
#   --npu ACCELERATOR  ethos-u65-256 (i.MX 93), ethos-u65-512, ethos-u55-32, -64, -128, -256; default ethos-u65-256
#   --out DIR          folder for the compiled model; default out
#   --help             this text
#
# Vela is searched for in $MOBILENET_VELA (the command, or a Python environment with it), on the PATH and in
# build/vela-venv. Without it, the script says how to install it and exits with 77.
source "$(dirname "$0")/lib.sh"

here=$OLDPWD
npu=ethos-u65-256 out=out model=''
while [[ $# -gt 0 ]]; do
    case $1 in
    --npu=* | --out=*) option=${1%%=*} value=${1#*=} ;;
    --npu | --out)
        option=$1 value=${2:-}
        if [[ $# -gt 1 ]]; then shift; fi
        ;;
    -*) die "unknown argument $1; see scripts/vela.sh --help" ;;
    *)
        [[ -z $model ]] || die "one model at a time, not $model and $1"
        option='' model=$1
        ;;
    esac
    shift
    [[ -z $option || -n $value ]] || die "$option needs a value; see scripts/vela.sh --help"
    case $option in
    --npu) npu=$value ;;
    --out) out=$value ;;
    esac
done
[[ $npu =~ ^ethos-u(65-(256|512)|55-(32|64|128|256))$ ]] ||
    die "--npu: $npu is none of ethos-u65-256, ethos-u65-512, ethos-u55-32, -64, -128 and -256"
[[ -n $model ]] || die 'no model named; see scripts/vela.sh --help'
[[ $model == /* ]] || model=$here/$model
[[ $out == /* ]] || out=$here/$out
[[ -f $model && -r $model ]] || die "$model: no such model, or it cannot be read"
mkdir -p "$out" || die "$out: the folder cannot be made; choose another with --out"

# Sets $vela to the command.
find_vela() {
    local place
    for place in "${MOBILENET_VELA:-}" "${MOBILENET_VELA:+$MOBILENET_VELA/bin/vela}" "$(command -v vela || true)" \
        build/vela-venv/bin/vela; do
        if [[ -f $place && -x $place ]]; then
            vela=$place
            return
        fi
    done
    {
        say "SKIPPED: Vela, which compiles for Ethos-U, is not installed. Install it with"
        say "    python3 -m venv $PWD/build/vela-venv && $PWD/build/vela-venv/bin/pip install ethos-u-vela"
        say "or name what has it with MOBILENET_VELA=FOLDER"
    } >&2
    exit 77
}

find_vela
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# compile [ARGUMENT...]: Vela's files and messages go to $scratch.
compile() {
    rm -rf "$scratch/out"
    "$vela" "$model" --accelerator-config "$npu" --output-dir "$scratch/out" --show-cpu-operations "$@" \
        >"$scratch/log" 2>&1
}

# What Vela plans may need more of the on-chip memory than it was given; told of less, it plans otherwise.
compile_u65() {
    local bytes
    for bytes in 393216 380000 360000 320000; do
        cache=$bytes
        if compile --config "$PWD/scripts/imx93.ini" --system-config imx93 --memory-mode imx93 --arena-cache-size "$bytes"; then
            return
        fi
        grep -qi "failed to allocate" "$scratch/log" || return 1
    done
    return 1
}

cache=''
if [[ $npu == ethos-u65-* ]]; then compiler=compile_u65; else compiler=compile; fi
"$compiler" || {
    tail -n 20 "$scratch/log" >&2
    die "Vela does not compile $model; its messages are above"
}

# column NAME: of the one line in Vela's summary.
summary=$(find "$scratch/out" -name '*_summary_*.csv' | head -n 1)
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' "$summary"
}
# scaled NAME FACTOR FORMAT
scaled() { awk -v x="$(column "$1")" -v by="$2" -v form="$3" 'BEGIN { printf form, x * by }'; }

name=$(basename "$model" .tflite)_vela.tflite
compiled=$(find "$scratch/out" -name '*_vela.tflite' | head -n 1)
[[ -s $compiled && -s $summary ]] || die "Vela made no model of $model"
mv "$compiled" "$out/.$name.tmp"
mv "$out/.$name.tmp" "$out/$name"

say "model       $out/$name, $(($(wc -c <"$out/$name"))) bytes; before $(($(wc -c <"$model"))) bytes"
say "compiler    Vela $("$vela" --version | tail -n 1), --accelerator-config $npu"
say "memory      system $(column system_config), mode $(column memory_mode)${cache:+, $cache bytes of on-chip memory}," \
    "NPU at $(scaled core_clock 1e-6 %.0f) MHz"
say "            off-chip $(scaled dram_memory_used 1 %.1f) KiB used, on-chip $(scaled sram_memory_used 1 %.1f) KiB used"
say "estimate    $(scaled inference_time 1000 %.2f) ms, by Vela, of the NPU alone"
left=$(grep -E '^ *CPU: ' "$scratch/log" || true)
if [[ -z $left ]]; then
    say "processor   nothing: every operator runs on the NPU"
else
    count=$(grep -c . <<<"$left")
    operators="operators stay"
    if [[ $count -eq 1 ]]; then operators="operator stays"; fi
    say "processor   $count $operators there, which the estimate leaves out:"
    sed -E 's/^ *CPU: ([^(]*[^( ]) *(\(.*)?$/            \1/' <<<"$left"
    sed -nE 's/^(Reason:| -) /            Vela: /p' "$scratch/log"
    say "            ('mobilenet inspect $out/$name' says which and why)"
fi
