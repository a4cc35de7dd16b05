#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Command lines: help, versions, mistakes, and the manual page, which must know the same options as --help.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite
photo=$photos/colour420.jpg

expect 0 --version
version=$(sed -n 's/^#define MN_VERSION_[A-Z]* //p' include/mobilenet.h | paste -sd.)
prints "^mobilenet $version\$"
prints '^kernel tiers of this processor: ref portable( |$)'
read -ra tiers < <(sed -n 's/^kernel tiers of this processor://p' "$scratch/out")
for cpu in "${tiers[@]}"; do
    expect 0 inspect --cpu "$cpu" "$model"
done
expect 1 inspect --cpu warp "$model"
says 'kernel tier "warp" is not known; use one of ref, portable'
MOBILENET_CPU=warp expect 1 inspect "$model"
says 'MOBILENET_CPU: kernel tier "warp" is not known; use one of ref, portable'
expect 0 --help
prints '^Usage: mobilenet COMMAND'
expect 0 help run
prints '^Usage: mobilenet run'
expect 0 classify -h
prints '^Usage: mobilenet classify'
code=0
"$mobilenet" >"$scratch/out" 2>"$scratch/err" || code=$?
[ "$code" = 2 ] || fail "no arguments: exit code $code"
says '^Usage: '

expect 2 clasify
says "unknown command 'clasify', did you mean classify"
expect 2 --versoin
says 'did you mean --version'
expect 2 classify -m "$model" --treads 2 "$photo"
says 'unknown option --treads, did you mean --threads'
expect 2 classify -m "$model" --treads=2 "$photo"
says 'did you mean --threads'
expect 2 predict -m "$model" "$photo"
says "unknown command 'predict', did you mean classify"
expect 2 eval
says 'did you mean evaluate'
expect 2 bench -m "$model"
says "unknown command 'bench': .* benchmark_model --graph=MODEL"
for flag in --lr=1 --learning-rate=1 --learning_rate=1; do
    expect 2 train --data "$photos" -o "$scratch/x.h5" "$flag"
    says 'unknown option --l.*, did you mean --rate'
done
expect 2 train --data "$photos" -o "$scratch/x.h5" --batch_size 8
says 'did you mean --batch'
expect 2 train --data "$photos" -o "$scratch/x.h5" --output y.h5
says 'did you mean --out;'
expect 2 classify -m "$model" -c 3 "$photo"
says '-c: .*benchmark_model --num_runs'
expect 2 classify -m "$model" --use_gpu=1 "$photo"
says 'only external ones are hosted, by --external_delegate_path'
expect 2 classify -m "$model" -Z "$photo"
says 'unknown option -Z'
expect 2 classify "$photo"
says '--model FILE is missing'
expect 2 classify -m "$model"
says 'no photo'
expect 2 classify "$photo" -m
says '--model needs a value'
expect 2 classify "$photo" -m -q
says '--model needs a value'
expect 2 classify -m "$model" --json=yes "$photo"
says '--json takes no value'
for number in 0 -1 1x 99999999999 '' ' 5' +5; do
    expect 2 classify -m "$model" -k "$number" "$photo"
    says 'is not a whole number from 1'
done
expect 2 classify -m "$model" --threads 257 "$photo"
expect 2 classify -m "$model" --filter cubic "$photo"
says 'nearest, box, bilinear, hamming, bicubic, lanczos'
expect 2 classify -m "$model" --crop --exact "$photo"
expect 2 classify -m "$model" --mean 127.5 "$photo"
says '--mean and --std'
expect 2 classify -m "$model" --mean 1 --std 1 --input-range 0,1 "$photo"
expect 2 classify -m "$model" --input-range 0 "$photo"
expect 2 classify -m "$model" --input-range 0,nan "$photo"
expect 2 classify -m "$model" --mean 1,2 --std 1 "$photo"
expect 2 evaluate -m "$model"
says '--images DIR is missing'
expect 2 evaluate -m "$model" --images "$photos" extra
says "unexpected argument 'extra'"
expect 2 inspect
expect 2 inspect "$model" "$model"
expect 2 inspect --json --dot "$model"
expect 2 run -m "$model"
says "has 1 input.* names 0 file"
expect 2 run -m "$model" --input "$model" --resize-input 1,a
says 'is not a shape'

# The same options in the forms that must mean the same.
expect 0 classify -m "$model" -k 2 "$photo"
sed 's/inference .* ms//' "$scratch/out" >"$scratch/first"
for form in "--model=$model --top=2 $photo" "-m$model -k2 -- $photo" "$photo --top 2 -q --model $model" \
    "-qk2 -i $photo -m $model" "--tflite_model $model -i $photo -r 2 -t 1" "-q -k2 -m $model --num_threads=1 $photo" \
    "-k 3 -k 2 --image=$photo -m $model"; do
    # shellcheck disable=SC2086 # words are wanted
    expect 0 classify $form
    sed 's/inference .* ms//' "$scratch/out" | cmp -s - "$scratch/first" || fail "another answer: $form"
done
expect 0 classify -m "$model" --input-range -1,1 "$photo"
expect 0 classify --tflite_model "$model" -b 127.5 -s 127.5 -i "$photo"

# Standard output that cannot be written.
for arguments in --version --help "inspect $model" "classify -m $model $photo" "classify --help"; do
    code=0
    # shellcheck disable=SC2086
    "$mobilenet" $arguments >/dev/full 2>"$scratch/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code on a full disk: $arguments"
    says 'cannot write standard output: No space left'
    code=0
    # shellcheck disable=SC2086
    "$mobilenet" $arguments >&- 2>"$scratch/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code with stdout closed: $arguments"
    says 'cannot write standard output'
done

# Every option of every command is in the manual, in the section of its command, and the manual has no other.
section() { sed -n "/^\\.SH $1\$/,/^\\.SH /p" docs/man/mobilenet.1 | sed 's/\\//g'; }
expect 0 --help
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$scratch/out")
[ "$(echo "$commands" | wc -w)" -ge 10 ] || fail "--help lists these commands only: $commands"
for command in $commands; do
    expect 0 "$command" --help
    sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' "$scratch/out" | sed '/^help$/d' | sort >"$scratch/helped"
    section "$(echo "$command" | tr '[:lower:]' '[:upper:]')" >"$scratch/section"
    [ -s "$scratch/section" ] || fail "the manual has no section on $command"
    # The line below each .TP; a command may have no options of its own.
    awk 'tag { print } { tag = /^\.TP/ }' "$scratch/section" | { grep -o -- '--[a-z][a-z-]*' || true; } |
        sed 's/^--//' | sort >"$scratch/listed"
    diff "$scratch/helped" "$scratch/listed" || fail "--help (<) and the manual (>) of $command disagree"
    awk 'length > 79 { exit 1 }' "$scratch/out" || fail "--help of $command has a line longer than 79"
    sed -n '/^\.SH SYNOPSIS/,/^\.SH DESC/p' docs/man/mobilenet.1 | grep "^\.B mobilenet $command\$" >/dev/null ||
        fail "the manual's synopsis lacks $command"
done
# Flags of benchmark_model that do something; the others are listed by --help alone.
"$(dirname "$mobilenet")/benchmark_model" --help | sed '/^Accepted/,$d' | sed -n 's/^  --\([a-z_]*\)=.*/\1/p' | sort >"$scratch/helped"
[ -s "$scratch/helped" ] || fail "benchmark_model --help lists no flags"
sed 's/\\//g' docs/man/benchmark_model.1 | grep -o -- '--[a-z_]*=' | tr -d '=-' | sort -u >"$scratch/listed"
lacking=$(comm -23 "$scratch/helped" "$scratch/listed" | grep -vE '^(help|version)$' || true)
[ -z "$lacking" ] || fail "the manual of benchmark_model lacks $lacking"
