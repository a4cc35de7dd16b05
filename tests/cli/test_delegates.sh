#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# External delegates on the command line of every command that runs a model: what they run, what they leave, and what is
# said where they cannot be used.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
photo=$photos/colour420.jpg
build=$(dirname "$mobilenet")
good=$build/libmobilenet_delegate.so
for library in "$good" "$build/tests/delegates/bad.so"; do
    if [ ! -e "$library" ]; then
        echo "SKIPPED: $library is not built"
        exit 77
    fi
done

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
expect 0 inspect --plan "$model" --external_delegate_path="$good" --external_delegate_options=verbose:1
says '^mobilenet: libmobilenet_delegate.so says: .*21 nodes claimed$'
classify 0 --external_delegate_path="$good" --json
json 'o["delegate"]["delegated"] == o["delegate"]["operators"] == 21 and o["delegate"]["on_cpu"] == []' \
    'o["delegate"]["parts"] == 1 and o["first_milliseconds"] > 0'
head -c 3072 "$model" >"$scratch/in"
expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/cpu.raw"
expect 0 run -m "$model" -i "$scratch/in" -o "$scratch/npu.raw" --tensors "$scratch/tensors" \
    --external_delegate_path "$good"
cmp "$scratch/cpu.raw" "$scratch/npu.raw" || fail "run gives other bytes"
[ "$(find "$scratch/tensors" -type f | wc -l)" = 22 ] || fail "not every tensor was kept"
expect 0 inspect --plan "$model" --external_delegate_path="$good"
prints '^delegate +libmobilenet_delegate.so: 21 of 21 operators in 1 part$'
expect 0 inspect --json "$model" --external_delegate_path="$good"
json 'o["delegate"]["operators"] == 21 and o["steps"][0]["backend"] == "libmobilenet_delegate.so"'
expect 0 evaluate -m "$model" --compare "$model" --images "$photos" --limit 4 --json --external_delegate_path="$good"
json 'o["model"]["delegate"]["delegated"] == 21 and "delegate" not in o["compared"] and o["largest_difference"] == 0' \
    'o["jobs"] == 1'
expect 0 evaluate -m "$model" --images "$photos" --compare "$model" --limit 4 --jobs 2 --external_delegate_path="$good"
prints '^  on +libmobilenet_delegate.so: 21 of 21'
expect 0 compare "$model" --images "$photos" --limit 2 --external_delegate_path="$good"
prints '^B runs on libmobilenet_delegate.so: 21 of 21 operators, each alone$'
prints '^no layer differs$'

# ---- What a delegate leaves ----
partial=$build/tests/delegates/good.so
bad=$build/tests/delegates/bad.so
# Convolutions are 16 of the 21 operators; ADD stands between some.
classify 0 --external_delegate_path="$partial"
says '^mobilenet: good.so runs 16 of 21 operators in 3 parts; on the CPU: ADD #9, ADD #16, MEAN #18, FULLY_CONN'
says 'FULLY_CONNECTED #19 \(the delegate did not claim it\) and 1 more, which .mobilenet inspect --plan. lists$'
prints '^on +good.so: 16 of 21 operators in 3 parts'
answers | cmp -s - "$scratch/cpu" || fail "other answers with good.so"
classify 0 --external_delegate_path="$partial" --json
json '[x["operator"] for x in o["delegate"]["on_cpu"]] == [9, 16, 18, 19, 20]' \
    'all(x["reason"] and x["name"] for x in o["delegate"]["on_cpu"])'
classify 1 --external_delegate_path="$partial" --require_full_delegation
says '^mobilenet: .*tiny_v2_int8.tflite: not fully delegated: good.so runs 16 of 21 .*ADD #9.*did not claim it'
[ ! -s "$scratch/out" ] || fail "something was classified all the same"
expect 0 inspect --plan "$model" --external_delegate_path="$partial" --external_delegate_options=most:20
quiet
prints '^delegate +good.so: 16 of 21 operators in 3 parts$'
prints '^on the CPU  #9 ADD: the delegate did not claim it$'
prints '^            #20 SOFTMAX: the delegate did not claim it$'
classify 0 --external_delegate_path="$bad" --external_delegate_options=fault:nothing
says '^mobilenet: bad.so runs none of 21 operators: it claimed nothing of this model$'
classify 1 --external_delegate_path="$bad" --external_delegate_options=fault:nothing --require_full_delegation
says 'it claimed nothing'

# ---- Failures, phase by phase ----
fails() { # FAULT PATTERN: an error, and a warning where the CPU may take over
    classify 1 --external_delegate_path="$bad" --external_delegate_options="fault:$1"
    says "tiny_v2_int8.tflite: .*bad.so.*: $2"
    classify 0 --external_delegate_path="$bad" --external_delegate_options="fault:$1" --allow_cpu_fallback
    says "bad.so.*: $2.*; everything runs on the CPU\$"
    answers | cmp -s - "$scratch/cpu" || fail "other answers after $1"
}
fails create 'it cannot be made: cannot open /dev/npu0: No such file'
fails create-silent 'it cannot be made, and gave no reason; is the device there that it drives[?]'
fails prepare 'its Prepare ended with status 2 .*: CONV_2D is not supported: version 3'
fails init 'init of a kernel ended with status 1 .*: no memory on the device'
fails kernel-prepare 'prepare of a kernel ended with status 2 .*: the network does not fit'
fails range 'its Prepare .*node 1000000, which does not exist'
# Nobody takes over from a delegate that fails in a run, and it is no fault of the photo.
classify 1 --external_delegate_path="$bad" --external_delegate_options=fault:invoke --allow_cpu_fallback
says 'bad.so.*: invoke of a kernel ended with status 2 .*: Ethos_u inference failed'
expect 1 evaluate -m "$model" --images "$photos" --compare "$model" --external_delegate_path="$bad" \
    --external_delegate_options=fault:invoke
says 'Ethos_u inference failed.*; nothing is reported'
grep -v ' says: ' "$scratch/err" >"$scratch/own"
[ "$(wc -l <"$scratch/own")" = 2 ] || fail "more is said than what is left, and the failure: $(cat "$scratch/err")"

# ---- Where a delegate is wrong ----
wrong() { # LAYER: compares with a delegate that is wrong there
    expect 0 compare "$model" --images "$photos" --limit 3 --external_delegate_path="$bad" \
        --external_delegate_options="fault:wrong;layer:$1" "${@:2}"
}
wrong block1_1/project
prints '^B runs on bad.so: 16 of 21 operators, each alone$'
prints '^the first layer that differs is operator #8, CONV_2D, on the delegate: 3 of 1536 values, by at most 0[.]0137'
prints ', 1 step\(s\) of its scale; layer block1_1/project$'
wrong block1_1/project --json
json 'o["delegate"] == {"path": "bad.so", "delegated": 16, "operators": 21, "first_different_operator": 8}' \
    '{l["operator"]: l["changed"] for l in o["layers"]}[8] == 3' \
    'all(l["changed"] == 0 for l in o["layers"] if l["operator"] < 8)' \
    '{l["operator"]: l["delegated"] for l in o["layers"]} == {i: i not in (9, 16, 18, 19, 20) for i in range(21)}'
wrong nowhere
prints '^no layer differs$'
expect 0 evaluate -m "$model" --compare "$model" --images "$photos" --json --external_delegate_path="$bad" \
    --external_delegate_options="fault:wrong;layer:block1_1/project"
json 'o["largest_difference"] > 0'
expect 1 compare "$model" --images "$photos" --external_delegate_path="$bad" --external_delegate_options=fault:init
says 'bad.so.*no memory on the device'
expect 2 compare "$model" --images "$photos" --external_delegate_path="$bad" --allow_cpu_fallback
says 'unknown option --allow_cpu_fallback'

# ---- What cannot be loaded ----
echo text >"$scratch/text.so"
for path in "$scratch/missing.so" "$scratch/text.so" "$scratch"; do
    classify 1 --external_delegate_path="$path"
    says "$path: cannot be loaded: "
    classify 0 --external_delegate_path="$path" --allow_cpu_fallback
    says "^mobilenet: $path: cannot be loaded: .*; everything runs on the CPU\$"
    answers | cmp -s - "$scratch/cpu" || fail "other answers without $path"
    if grep -q '^on ' "$scratch/out"; then fail "a delegate is said to be used"; fi
done
expect 1 inspect "$model" --external_delegate_path="$build/tests/delegates/half.so"
says 'half.so: has no function tflite_plugin_destroy_delegate; it is not an external delegate'
expect 1 inspect "$model" --external_delegate_path=no-such-delegate.so
says 'no-such-delegate.so: cannot be loaded: .*; .* write ./no-such-delegate.so for a file in this folder'

# ---- Options ----
for options in num_threads 'num_threads:1:2' 'num_threads:1;cpu' ':1'; do
    classify 1 --external_delegate_path="$good" --external_delegate_options="$options" --allow_cpu_fallback
    says 'not a pair KEY:VALUE'
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
bench 0 --external_delegate_path="$partial" --enable_op_profiling=true
says '^WARN: good.so runs 16 of 21 operators in 3 parts; on the CPU: ADD #9'
prints '^INFO: Explicitly applied EXTERNAL .* will be partially executed by the delegate w/ 3 delegate kernels[.]$'
prints ' good.*\[block1_0/project, block1_1/project\]:21$'
prints ' good.*\[last\]:23$'
prints ' SOFTMAX.*\[probabilities\]:20$'
bench 1 --external_delegate_path="$partial" --require_full_delegation=true
says '^ERROR: Disallowed CPU fallback detected: .*: not fully delegated: good.so runs 16 of 21 .*ADD #9'
prints 'partially executed by the delegate w/ 3 delegate kernels'
bench 0 --external_delegate_path="$bad" --external_delegate_options=fault:nothing
prints '^INFO: Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate.$'
bench 1 --external_delegate_path="$bad" --external_delegate_options=fault:invoke
says '^ERROR: .*Ethos_u inference failed'
bench 1 --external_delegate_path="$scratch/missing.so"
says '^ERROR: .*missing.so: cannot be loaded: '
if grep -q 'created' "$scratch/out"; then fail "a delegate that is missing was created"; fi
bench 1 --external_delegate_path="$good" --external_delegate_options=cpu:warp
if grep -q 'created' "$scratch/out"; then fail "a delegate that failed was created"; fi
bench 0 --external_delegate_path="$scratch/missing.so" --allow_cpu_fallback=true
says '^WARN: .*missing.so: .*; everything runs on the CPU$'
prints '^INFO: Inference timings in us'
bench 2 --external_delegate_path="$good" --external_delegate_options=num_threads
says '^ERROR: .*not a pair KEY:VALUE'
bench 2 --require_full_delegation=true
says '^ERROR: --require_full_delegation is about a delegate'
