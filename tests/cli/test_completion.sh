#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Completion for bash, zsh and fish of both programs: every option of every command, values of choices, files; tried in the
# shells that are here.
. tests/cli/common.sh
benchmark_model="${MN_BUILD:-build}/benchmark_model"

expect 2 completion
says 'name one shell: bash, zsh or fish'
expect 2 completion tcsh
says 'name one shell'
code=0
"$benchmark_model" --completion=tcsh >"$scratch/out" 2>"$scratch/err" || code=$?
[ "$code" = 2 ] || fail "exit code $code instead of 2 for a shell that is not known"
says '^ERROR: --completion=tcsh: name one shell: bash, zsh or fish$'
for shell in bash zsh fish; do
    expect 0 completion "$shell"
    mv "$scratch/out" "$scratch/completion.$shell"
    "$benchmark_model" --completion=$shell >"$scratch/benchmark.$shell" || fail "benchmark_model --completion=$shell"
done

# What bash offers for the last word of a command line, one in each line.
offers() {
    (
        # shellcheck disable=SC1091
        . "$scratch/completion.bash"
        # shellcheck disable=SC1091
        . "$scratch/benchmark.bash"
        read -ra COMP_WORDS <<<"${1//=/ = }"
        if [[ $1 == *' ' ]]; then COMP_WORDS+=(''); fi
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        cd tests/golden
        "_${COMP_WORDS[0]}"
        printf '%s\n' "${COMPREPLY[@]}"
    )
}
offered() { [[ " $(offers "$1" | tr '\n' ' ')" == *" $2 "* ]] || fail "bash does not offer $2 for: $1"; }
alone() { [[ $(offers "$1") == "$2" ]] || fail "bash offers other than $2 for: $1"; }

alone 'mobilenet classi' classify
alone 'mobilenet --ver' --version
alone 'mobilenet help quan' quantize
alone 'mobilenet completion f' fish
alone 'mobilenet classify --filter lan' lanczos
alone 'mobilenet classify --filter=lan' lanczos
offered 'mobilenet classify --filter=' bicubic
alone 'mobilenet classify --threads ' ''
offered 'mobilenet classify -m tiny_v2_' tiny_v2_int8.tflite
offered 'mobilenet classify --model=tiny_v2_' tiny_v2_int8.tflite
offered 'mobilenet inspect tiny_v2_' tiny_v2_int8.tflite
offered 'mobilenet train --data ../gold' ../golden
[[ $(offers 'mobilenet train --data tiny') == '' ]] || fail "bash offers files where a folder is wanted"

alone 'benchmark_model --grap' --graph=
alone 'benchmark_model --hel' --help
alone 'benchmark_model --npu=' emulate
alone 'benchmark_model --graph=x --dry_run=t' true
alone 'benchmark_model --num_runs=' ''
offered 'benchmark_model --graph=tiny_v2_' tiny_v2_int8.tflite
offered 'benchmark_model --dry_run=' false
offered 'benchmark_model --graph=x ' --batch=
[[ $(offers 'benchmark_model --use_xnn') == '' ]] || fail "bash offers a flag without effect"

# No option is forgotten, whatever the shell.
"$mobilenet" --help >"$scratch/help"
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$scratch/help")
for command in $commands; do
    grep -q "^ *'$command:" "$scratch/completion.zsh" || fail "zsh does not know $command"
    for option in $("$mobilenet" "$command" --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p'); do
        offered "mobilenet $command --${option:0:3}" "--$option"
        sed -n "/^    $command)/,/;;/p" "$scratch/completion.zsh" | grep -E -- "--${option}(=|'|}|\[)" >/dev/null ||
            fail "zsh does not offer --$option for $command"
        [ "$option" = help ] || grep -q "from $command' -l $option " "$scratch/completion.fish" ||
            fail "fish does not offer --$option for $command"
    done
done
for flag in $("$benchmark_model" --help | sed -n '/^Flags:$/,/^$/s/^  --\([a-z_]*=\).*/\1/p'); do
    [[ $flag != help= && $flag != version= ]] || flag=${flag%=}
    offered "benchmark_model --${flag%=}" "--$flag"
    grep -qE -- "^ *'--$flag(-|\[)" "$scratch/benchmark.zsh" || fail "zsh does not offer --$flag"
    grep -q -- " -l ${flag%=} " "$scratch/benchmark.fish" || fail "fish does not offer --$flag"
done

bash -n "$scratch/completion.bash" && bash -n "$scratch/benchmark.bash" || fail "bash cannot read it"
if command -v zsh >/dev/null; then
    # _arguments and _describe say what they are told.
    cat >"$scratch/try.zsh" <<'EOF'
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- ${(P)2} }
compdef() { : }
source $1
words=(${(z)2} '') CURRENT=${#words}
_$words[1]
EOF
    zsh -f "$scratch/try.zsh" "$scratch/completion.zsh" 'mobilenet' >"$scratch/zsh"
    grep -q '^classify:say what is in photos$' "$scratch/zsh" || fail "zsh does not describe the commands"
    zsh -f "$scratch/try.zsh" "$scratch/completion.zsh" 'mobilenet quantize' >"$scratch/zsh"
    grep -q '^--images=\[.*\]:DIR:_files -/$' "$scratch/zsh" || fail "zsh offers no folders for --images"
    grep -q '^(-o --output)-o+\[.*\]:FILE:_files$' "$scratch/zsh" || fail "zsh offers no files for -o"
    zsh -f "$scratch/try.zsh" "$scratch/benchmark.zsh" 'benchmark_model' >"$scratch/zsh"
    grep -q '^--graph=-\[.*\]:file:_files$' "$scratch/zsh" || fail "zsh offers no files for --graph="
    grep -q '^--dry_run=-\[.*\]:value:(true false)$' "$scratch/zsh" || fail "zsh offers no values for --dry_run="
    grep -q '^--help\[.*\]$' "$scratch/zsh" || fail "zsh wants a value for --help"
else
    echo "zsh is not installed, so it did not try"
fi
if command -v fish >/dev/null; then
    export HOME=$scratch # fish writes there
    tried() { fish --no-config -c "source $scratch/completion.fish; source $scratch/benchmark.fish; complete -C '$1'" | grep -E "^$2" >/dev/null || fail "fish does not offer $2 for: $1"; }
    tried 'mobilenet quan' quantize
    tried 'mobilenet classify --filter ' lanczos
    tried 'mobilenet quantize --data-f' --data-free
    tried 'mobilenet classify -m tests/golden/tiny_v2_i' tests/golden/tiny_v2_int8.tflite
    tried 'mobilenet completion ' zsh
    tried 'benchmark_model --op_profiling_output_mode=' '--op_profiling_output_mode=csv'
    tried 'benchmark_model --dry' --dry_run
    tried 'benchmark_model --graph=tests/golden/tiny_v2_i' --graph=tests/golden/tiny_v2_int8.tflite
else
    echo "fish is not installed, so it did not try"
fi
