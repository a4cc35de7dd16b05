#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# External delegates on the command line of every command that runs a model: what they run, what they leave, and what is
# said where they cannot be used.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
photo=$photos/colour420.jpg
build=$(dirname "$mobilenet")
good=$build/libmobilenet_delegate.so
if [ ! -e "$good" ]; then
    echo "SKIPPED: $good is not built"
    exit 77
fi

classify() { # CODE OPTIONS...
    local code=$1
    shift
    expect "$code" classify -m "$model" "$@" "$photo"
}
answers() { grep ' %  ' "$scratch/out"; }

classify 0
answers >"$scratch/cpu"
quiet() { [ ! -s "$scratch/err" ] || fail "stderr is not empty: $(cat "$scratch/err")"; }

# ---- One that runs everything ----
for form in "--external_delegate_path=$good" "--external-delegate-path $good" "-e $good -o num_threads:2" \
    "--external_delegate_path=$good --external_delegate_options=num_threads:2;cpu:ref --require_full_delegation"; do
    # shellcheck disable=SC2086 # words are wanted
    classify 0 $form
    quiet
    prints '^on +libmobilenet_delegate.so: 21 of 21 operators in 1 part; the first inference took [0-9.]+ ms$'
    answers | cmp -s - "$scratch/cpu" || fail "other answers with $form"
done
classify 0 --external_delegate_path="$good" --json
json 'o["delegate"]["delegated"] == o["delegate"]["operators"] == 21 and o["delegate"]["on_cpu"] == []'
json 'o["delegate"]["parts"] == 1 and o["first_milliseconds"] > 0'
head -c 3072 "$model" >"$scratch/in"
expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/cpu.raw"
expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/npu.raw" --tensors "$scratch/tensors" --external_delegate_path "$good"
cmp "$scratch/cpu.raw" "$scratch/npu.raw" || fail "run gives other bytes"
[ "$(find "$scratch/tensors" -type f | wc -l)" = 22 ] || fail "not every tensor was kept"
expect 0 inspect --plan "$model" --external_delegate_path="$good"
prints '^delegate +libmobilenet_delegate.so: 21 of 21 operators in 1 part$'
expect 0 inspect --json "$model" --external_delegate_path="$good"
json 'o["delegate"]["operators"] == 21 and o["steps"][0]["backend"] == "libmobilenet_delegate.so"'
expect 0 evaluate -m "$model" --compare "$model" --images "$photos" --limit 4 --json --external_delegate_path="$good"
json 'o["model"]["delegate"]["delegated"] == 21 and "delegate" not in o["compared"] and o["largest_difference"] == 0'
json 'o["jobs"] == 1'
expect 0 evaluate -m "$model" --images "$photos" --compare "$model" --limit 4 --jobs 2 --external_delegate_path="$good"
prints '^  on +libmobilenet_delegate.so: 21 of 21'
expect 0 compare "$model" --images "$photos" --limit 2 --external_delegate_path="$good"
prints '^B runs on libmobilenet_delegate.so: 21 of 21 operators, each alone$'
prints '^no layer differs$'

# ---- What cannot be loaded ----
echo text >"$scratch/text.so"
for bad in "$scratch/missing.so" "$scratch/text.so" "$scratch"; do
    classify 1 --external_delegate_path="$bad"
    says "$bad: cannot be loaded: "
    classify 0 --external_delegate_path="$bad" --allow_cpu_fallback
    says "^mobilenet: $bad: cannot be loaded: .*; everything runs on the CPU\$"
    answers | cmp -s - "$scratch/cpu" || fail "other answers without $bad"
    if grep -q '^on ' "$scratch/out"; then fail "a delegate is said to be used"; fi
done
expect 1 inspect "$model" --external_delegate_path=libm.so.6
says 'libm.so.6: .*no external delegate'

# ---- Options ----
for options in num_threads 'num_threads:1:2' 'num_threads:1;cpu' ':1'; do
    classify 1 --external_delegate_path="$good" --external_delegate_options="$options" --allow_cpu_fallback
    says 'no pair KEY:VALUE'
done
classify 1 --external_delegate_path="$good" --external_delegate_options=cpu:warp
says 'libmobilenet_delegate.so: it cannot be made: option cpu: kernel tier "warp"'
classify 2 --external_delegate_options=cpu:ref
says '--external_delegate_options is about a delegate, and none is named'
classify 2 --require_full_delegation
says '--require_full_delegation is about'
classify 2 --allow_cpu_fallback
says '--allow_cpu_fallback is about'
classify 2 --external_delegate_path="$good" --allow_cpu_fallback --require_full_delegation
says 'excludes'
classify 2 --external_delgate_path="$good"
says 'did you mean --external-delegate-path'
expect 2 compare "$model" --images "$photos" --external_delegate_options=a:b
expect 2 run -m "$model" -i "$scratch/in" -o "$scratch/out.raw" --require_full_delegation
expect 2 inspect "$model" --allow_cpu_fallback
expect 2 evaluate -m "$model" --images "$photos" --allow_cpu_fallback

# ---- benchmark_model ----
bench() { # CODE FLAGS...
    local wanted=$1 code=0
    shift
    "$build/benchmark_model" --graph="$model" --num_runs=2 --min_secs=0 --warmup_min_secs=0 "$@" >"$scratch/out" \
        2>"$scratch/err" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: benchmark_model $*: $(cat "$scratch/err")"
}
bench 0 --external_delegate_path="$good" --external_delegate_options='num_threads:2;cpu:ref' \
    --enable_op_profiling=true --require_full_delegation=true
quiet
prints "^INFO: External delegate path: \[$good\]\$"
prints '^INFO: External delegate options: \[num_threads:2;cpu:ref\]$'
prints '^INFO: Require full delegation: \[1\]$'
grep -A2 '^INFO: Loaded model' "$scratch/out" | sed 1d >"$scratch/lines"
diff - "$scratch/lines" <<'.' || fail "the lines on the delegate are not the original's"
INFO: EXTERNAL delegate created.
INFO: Explicitly applied EXTERNAL delegate, and the model graph will be completely executed by the delegate.
.
prints ' mobilenet[.]c.*\[probabilities\]:21$'
prints '^INFO: Inference timings in us: Init: [0-9]+, First inference: [0-9]+, Warmup'
bench 1 --external_delegate_path="$scratch/missing.so"
says '^ERROR: .*missing.so: cannot be loaded: '
if grep -q 'created' "$scratch/out"; then fail "a delegate that is missing was created"; fi
bench 1 --external_delegate_path="$good" --external_delegate_options=cpu:warp
if grep -q 'created' "$scratch/out"; then fail "a delegate that failed was created"; fi
bench 0 --external_delegate_path="$scratch/missing.so" --allow_cpu_fallback=true
says '^WARN: .*missing.so: .*; everything runs on the CPU$'
prints '^INFO: Inference timings in us'
bench 2 --external_delegate_path="$good" --external_delegate_options=num_threads
says '^ERROR: .*no pair KEY:VALUE'
bench 2 --require_full_delegation=true
says '^ERROR: --require_full_delegation is about a delegate'
