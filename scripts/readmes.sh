#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/readmes.sh
#
# Checks that every folder has a README.md whose tables match its contents: each name in the first column of a table
# that begins with "file" or "folder" exists, and each file and folder is named. Names may be patterns (test_*.c); a
# name without an extension stands for all that begin with it and a dot (chain for chain.c and chain.h), one that ends
# with / is a folder. It also checks relative links in any document, with the headings they name, and paths in
# backticks.
source "$(dirname "$0")/lib.sh"

# Folders of data that a README above describes, and folders for tools alone.
without_readme='^(fuzz/corpus/.*|fuzz/corpus|models/signs(/.*)?|docs/man|include|\.ci|tests/support/cmocka|rust/mobilenet(-sys)?(/.*)?|debian(/.*)?|packaging/.*|meta-mobilenet/.*)$'

# The names in the first column of such tables: names README
names() {
    awk -F'|' '
        /^\|/ && !in_table { in_table = 1; is_list = $2 ~ /^ *(file|folder)/ }
        !/^\|/ { in_table = 0 }
        in_table && is_list { for (i = 2; i <= split($2, part, "`"); i += 2) print part[i] }' "$1"
}

failed=0
complain() {
    printf '%s\n' "$1"
    failed=1
}

# Compares one folder with its README: check FOLDER FILE...
check() {
    local folder=$1 name path
    shift
    local -A named=()
    while read -r name; do
        local -a found=()
        case $name in
        */ | *[*.]*) mapfile -t found < <(compgen -G "$folder/$name") ;;
        *) mapfile -t found < <(compgen -G "$folder/$name.*") ;;
        esac
        [[ ${#found[@]} -gt 0 ]] || complain "$folder/README.md: there is no $name; leave it out"
        for path in "${found[@]}"; do named[$path]=1; done
    done < <(names "$folder/README.md")
    for path; do
        [[ -n ${named[$path]-} ]] || complain "$folder/README.md: ${path#"$folder/"} is in no table of files; add it"
    done
}

if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    list() { git ls-files --cached --others --exclude-standard; }
else # a copy without history
    list() { find . -type f -not -path './build*' -not -path './out/*' -printf '%P\n'; }
fi

declare -A files=()
while read -r path; do
    [[ $path == */* && $path != .* && -e $path ]] || continue
    [[ ${path##*/} == README.md || ${path##*/} == .* ]] || files[${path%/*}]+="$path"$'\n'
    while true; do # the folders on the way to it belong to those above them
        path=${path%/*}
        [[ $path == */* ]] || break
        [[ ${files[${path%/*}]-} == *"$path/"$'\n'* ]] || files[${path%/*}]+="$path/"$'\n'
    done
done < <(list)
for folder in $(printf '%s\n' "${!files[@]}" | sort); do
    [[ $folder =~ $without_readme ]] && continue
    if [[ ! -e $folder/README.md ]]; then
        complain "$folder: has no README.md; describe its purpose, what it must not know, and its files"
        continue
    fi
    mapfile -t own <<<"${files[$folder]%$'\n'}"
    check "$folder" "${own[@]}"
done

# The names that GitHub gives the headings of a page, for links to them: anchors PAGE
anchors() {
    awk '
        /^```/ { in_code = !in_code }
        !in_code && sub(/^#+ +/, "") {
            name = tolower($0); gsub(/\]\([^)]*\)/, "", name); gsub(/[^[:alnum:]_ -]/, "", name); gsub(/ /, "-", name)
            print name (seen[name]++ ? "-" seen[name] - 1 : "")
        }' "$1"
}

# Relative links and paths in backticks must exist; NAME and the like are placeholders.
while read -r path; do
    [[ $path == *.md && -e $path ]] || continue
    while read -r target; do
        [[ -e $(dirname "$path")/$target ]] || complain "$path: links to $target, which is not there"
    done < <(grep -oP '\]\(\K[^)#: ]+(?=(#[^)]*)?\))' "$path")
    while IFS='#' read -r target heading; do
        target=$([[ -n $target ]] && printf '%s/%s' "$(dirname "$path")" "$target" || printf '%s' "$path")
        [[ $target != *.md || ! -e $target ]] || grep -qxF -- "$heading" <<<"$(anchors "$target")" ||
            complain "$path: links to $target#$heading, which is no heading there"
    done < <(grep -oP '\]\(\K[^): ]*#[^) ]+(?=\))' "$path")
    # shellcheck disable=SC2016 # backticks are looked for
    while read -r target; do
        [[ -n $(compgen -G "$target") || -n $(compgen -G "$target.*") ]] ||
            complain "$path: names $target, which is not there"
    done < <(grep -oP '`\K(src|cli|tests|bench|scripts|docs|cmake|include|examples|fuzz|models)/[\w./*-]+(?=`)' "$path" |
        grep -vE 'NAME|FOLDER')
done < <(list)
exit "$failed"
