#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/subjects.sh
#
# Checks that the subjects of commits have less than 72 characters; reasons belong in the body. Exits with 77 if there
# is no history.
source "$(dirname "$0")/lib.sh"

limit=71
rule=735d417694c1b63b583b36cd8e797d1f38c7192e # the rule holds for what came after this commit

git rev-parse --quiet --verify "$rule^{commit}" >/dev/null 2>&1 || {
    say "SKIPPED: no history that goes back to $rule"
    exit 77
}
long=$(git log --format='%h %s' "$rule..HEAD" | awk -v limit="$limit" 'length($0) - length($1) - 1 > limit')
[[ -z $long ]] || {
    printf 'subjects of commits with more than %d characters:\n%s\n' "$limit" "$long"
    exit 1
}
