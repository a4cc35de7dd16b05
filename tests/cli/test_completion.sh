#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Completion for bash, zsh and fish: every option of every command, values of choices, files; tried in the shells that are
# here.
. tests/cli/common.sh

expect 2 completion
says 'name one shell: bash, zsh or fish'
expect 2 completion tcsh
says 'name one shell'
for shell in bash zsh fish; do
    expect 0 completion "$shell"
    mv "$scratch/out" "$scratch/completion.$shell"
done

# What bash offers for the last word of a command line, one in each line.
offers() {
    (
        # shellcheck disable=SC1091
        . "$scratch/completion.bash"
        read -ra COMP_WORDS <<<"${1//=/ = }"
        if [[ $1 == *' ' ]]; then COMP_WORDS+=(''); fi
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        cd tests/golden
        _mobilenet
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

bash -n "$scratch/completion.bash" || fail "bash cannot read it"
if command -v zsh >/dev/null; then
    # _arguments and _describe say what they are told.
    cat >"$scratch/try.zsh" <<'EOF'
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- ${(P)2} }
compdef() { : }
source $1
words=(${(z)2} '') CURRENT=${#words}
_mobilenet
EOF
    zsh -f "$scratch/try.zsh" "$scratch/completion.zsh" 'mobilenet' >"$scratch/zsh"
    grep -q '^classify:say what is in photos$' "$scratch/zsh" || fail "zsh does not describe the commands"
    zsh -f "$scratch/try.zsh" "$scratch/completion.zsh" 'mobilenet quantize' >"$scratch/zsh"
    grep -q '^--images=\[.*\]:DIR:_files -/$' "$scratch/zsh" || fail "zsh offers no folders for --images"
    grep -q '^(-o --output)-o+\[.*\]:FILE:_files$' "$scratch/zsh" || fail "zsh offers no files for -o"
else
    echo "zsh is not installed, so it did not try"
fi
if command -v fish >/dev/null; then
    export HOME=$scratch # fish writes there
    tried() { fish --no-config -c "source $scratch/completion.fish; complete -C '$1'" | grep -E "^$2" >/dev/null || fail "fish does not offer $2 for: $1"; }
    tried 'mobilenet quan' quantize
    tried 'mobilenet classify --filter ' lanczos
    tried 'mobilenet quantize --data-f' --data-free
    tried 'mobilenet classify -m tests/golden/tiny_v2_i' tests/golden/tiny_v2_int8.tflite
    tried 'mobilenet completion ' zsh
else
    echo "fish is not installed, so it did not try"
fi
