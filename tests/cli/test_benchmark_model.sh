#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# benchmark_model: its report must parse as TensorFlow Lite's does, and wrong flags must end with exit code 2.
set -eu

program="${MN_BUILD:-build}/benchmark_model"
model=tests/golden/tiny_v2_int8.tflite
if ! command -v python3 >/dev/null; then
    echo "SKIP: python3 is missing"
    exit 77
fi
if [ ! -x "$program" ]; then
    echo "SKIP: $program is not built"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
    echo "FAILED: $*"
    exit 1
}

# run CODE ARGUMENTS...: the exit code must be CODE; the report is left in $folder/log and $folder/errors.
run() {
    local wanted=$1 code=0
    shift
    "$program" "$@" >"$folder/log" 2>"$folder/errors" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: $* $(cat "$folder/errors")"
    if [ "$wanted" = 0 ]; then
        [ ! -s "$folder/errors" ] || fail "stderr is not empty: $*"
    else
        grep -q '^ERROR: Benchmarking failed\.$' "$folder/errors" || fail "no last line: $*"
    fi
}

# has PATTERN FILE / lacks PATTERN FILE, extended regular expressions
has() { grep -Eq -- "$1" "$folder/$2" || fail "no '$1' in: $(cat "$folder/$2")"; }
lacks() { ! grep -Eq -- "$1" "$folder/$2" || fail "'$1' in: $(cat "$folder/$2")"; }
parse() { python3 tests/cli/parse_benchmark.py "$folder/log" "$@" >"$folder/found" || fail "$(cat "$folder/log")"; }

# count PHASE: runs of the warm-up (1) or of the timed phase (2)
count() { grep -E '^INFO: count=' "$folder/log" | sed -n "$1s/.*count=\([0-9]*\).*/\1/p"; }

quick=(--min_secs=0 --warmup_min_secs=0)

python3 tests/cli/parse_benchmark.py --self-test

# ---- The report ----
run 0 --graph=$model --min_secs=0.1 --warmup_min_secs=0.05 --num_runs=20
parse
[ "$(count 2)" -ge 20 ] || fail "fewer runs than asked for"
[ "$(sed -n 1p "$folder/log")" = "INFO: STARTING!" ] || fail "the first line differs"
has '^INFO: Min num runs: \[20\]$' log
has "^INFO: Graph: \[$model\]$" log
has '^INFO: Signature to run: \[\]$' log
has "^INFO: Loaded model $model$" log
lacks 'Num threads' log
lacks 'peak memory footprint' log

run 0 --graph=$model "${quick[@]}" --num_runs=3 --num_threads=2 --verbose=true --report_peak_memory_footprint=true
parse --need peak
[ "$(count 1)" = 1 ] || fail "warm-up ran $(count 1) times"
[ "$(count 2)" = 3 ] || fail "$(count 2) runs instead of 3"
has '^INFO: Log parameter values verbosely: \[1\]$' log
has '^INFO: Num threads: \[2\]$' log
has '^INFO: #threads used for CPU inference: \[2\]$' log
has '^INFO: Max runs duration \(seconds\): \[150\]$' log

# ---- The loop ----
run 0 --graph=$model --num_runs=1 --min_secs=0.2 --warmup_min_secs=0
[ "$(count 2)" -gt 1 ] || fail "min_secs was not waited for"
run 0 --graph=$model "${quick[@]}" --num_runs=1000000000 --max_secs=0.1
[ "$(count 2)" -lt 1000000000 ] || fail "max_secs did not end the runs"
run 0 --graph=$model "${quick[@]}" --num_runs=3 --run_delay=0.1 --warmup_runs=0
[ "$(count 1)" = 0 ] || fail "warm-up ran without being asked"
begin=$(date +%s%N)
run 0 --graph=$model "${quick[@]}" --num_runs=4 --run_frequency=20 --run_delay=100 --warmup_runs=0
[ $((($(date +%s%N) - begin) / 1000000)) -ge 190 ] || fail "run_frequency was not kept"
run 0 --graph=$model --dry_run=true --output_filepath="$folder/dry"
[ "$(count 1) $(count 2)" = "0 0" ] || fail "a dry run ran"
[ ! -e "$folder/dry" ] || fail "a dry run saved outputs"
has 'Inference timings in us: Init: [0-9]+, First inference: 0, Warmup \(avg\): 0, Inference \(avg\): 0$' log

# ---- Profiles ----
run 0 --graph=$model "${quick[@]}" --num_runs=5 --enable_op_profiling=true
parse --need profile
run 0 --graph=$model "${quick[@]}" --num_runs=5 --enable_op_profiling=true --op_profiling_output_mode=csv
parse --need profile
run 0 --graph=$model "${quick[@]}" --num_runs=5 --enable_op_profiling=true --op_profiling_output_mode=csv \
    --op_profiling_output_file="$folder/table"
parse --need profile --csv "$folder/table"
lacks 'Run Order' log
run 0 --graph=$model "${quick[@]}" --num_runs=5 --enable_op_profiling=true --profiling_output_csv_file="$folder/old"
parse --need profile --csv "$folder/old"
grep -q '^CONV_2D, ' "$folder/old" || fail "no row of CONV_2D"
run 1 --graph=$model "${quick[@]}" --enable_op_profiling=true --op_profiling_output_file="$folder/none/table"

# ---- Inputs and outputs ----
save() { run 0 --graph=$model "${quick[@]}" --num_runs=1 --output_filepath="$folder/$1" "${@:2}"; }
save first
save second --num_threads=2
cmp "$folder/first" "$folder/second" || fail "random inputs differ between runs"
run 0 --graph=$model --dry_run=true --input_layer=other --input_layer_shape=1,32,32,3
has '^WARN: Tensor # [0-9]+ is named [^ ]+ but flags call it other$' log
name=$(sed -n 's/^WARN: Tensor # [0-9]* is named \([^ ]*\) but.*/\1/p' "$folder/log")
head -c 3072 /dev/zero >"$folder/zeros"
save third --input_layer_value_files="$name:$folder/zeros"
save fourth --input_layer="$name" --input_layer_shape=1,32,32,3 --input_layer_value_range="$name,0,0"
cmp "$folder/third" "$folder/fourth" || fail "zeros from a file and from a range differ"
! cmp -s "$folder/first" "$folder/third" || fail "inputs do not reach the model"
save fifth --input_layer=a:b --input_layer_shape=1,32,32,3 --input_layer_value_files="a::b:$folder/zeros"
cmp "$folder/third" "$folder/fifth" || fail "an escaped name was not found"
save sixth --input_layer=a:b --input_layer_shape=1,32,32,3 --input_layer_value_range=a:b,0,0
cmp "$folder/third" "$folder/sixth" || fail "a range for a name with a colon was not found"

head -c 3071 /dev/zero >"$folder/short"
run 1 --graph=$model "${quick[@]}" --input_layer_value_files="$name:$folder/short"
run 1 --graph=$model "${quick[@]}" --input_layer_value_files="$name:$folder/none"
run 1 --graph=$model "${quick[@]}" --num_runs=1 --output_filepath="$folder/none/output"
for wrong in --input_layer_value_files=nobody:x --input_layer_value_files=x --input_layer_value_files=a:b:c \
    --input_layer_value_range=nobody,1,2 --input_layer_value_range="$name,2,1" --input_layer_value_range="$name,1" \
    --input_layer_value_range="$name,-129,0" --input_layer="$name" --input_layer_shape=1,2 ; do
    run 2 --graph=$model "${quick[@]}" "$wrong"
done
for shape in 1,32,32 1,32,32,-1 1,32,32,0 1,32,32,x 1,32,32,3,1,1,1,1 1,32,32,; do
    run 2 --graph=$model "${quick[@]}" --input_layer="$name" --input_layer_shape="$shape"
done
run 2 --graph=$model "${quick[@]}" --input_layer=a,b --input_layer_shape=1,32,32,3:1

# ---- Flags ----
run 0 --help
has '^usage: benchmark_model' log
lacks STARTING log
run 0 --help=true
run 0 --version
run 2
has 'ERROR: no model is given' errors
run 2 --graf=$model
has 'ERROR: unknown flag --graf, did you mean --graph' errors
run 2 --external_delgate_path=x --graph=$model
has 'did you mean --external_delegate_path' errors
run 2 --graph=$model --use_gpu=true
has 'ERROR: --use_gpu=true: only external delegates are hosted, .*; the model was not run$' errors
lacks 'Loaded model' log
run 2 --model=$model
has 'did you mean --graph' errors
run 0 --graph=$model "${quick[@]}" --num_runs=1 --use_xnnpack=true --gpu_backend=cl
[ "$(grep -c "^WARN: --use_xnnpack has no effect: the kernels are this library's own" "$folder/log")" = 1 ] ||
    fail "not one warning of --use_xnnpack"
has '^WARN: --gpu_backend has no effect: an external delegate has only --external_delegate_options' log
run 0 --graph=$model "${quick[@]}" --num_runs=1 --use_xnnpack=false --use_gpu=0 --use_caching=false
lacks WARN log
run 0 --graph=$model "${quick[@]}" --num_runs=1 --use_caching=true
has '^WARN: --use_caching has no effect' log
run 2 --graph=$model --num_runs=3x
run 2 --graph=$model --graph=$model
run 2 --graph=$model --cpu=nonsense
run 0 --graph=$model "${quick[@]}" --num_runs=1 --cpu=ref
has '^INFO: Kernel tier: \[ref\]$' log
run 0 --graph=$model "${quick[@]}" --num_runs=1 --batch=3
has '^INFO: Images per run: \[3\]$' log
has '^INFO: Images per second: [0-9.e+]+$' log
run 2 --graph=$model --batch=0
run 1 --graph="$folder/none.tflite"
run 1 --graph=tests/cli/test_benchmark_model.sh
if [ -e /dev/full ]; then
    code=0
    "$program" --graph=$model "${quick[@]}" --num_runs=1 >/dev/full 2>"$folder/errors" || code=$?
    [ "$code" = 1 ] || fail "a full disk went unnoticed"
fi
echo "benchmark_model: all passed"
