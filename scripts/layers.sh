#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/layers.sh
#
# Checks that folders of src/ include only headers of folders below them in the table of src/README.md. The library's
# folders (marked there) may not use the others either.
source "$(dirname "$0")/lib.sh"

wrong=$(grep -rnoE '^#include "[a-z]+/' --include='*.[ch]' --include='*.def' src | awk -F: '
    BEGIN {
        while ((getline line < "src/README.md") > 0) {
            if (match(line, /^\| `[a-z]+\/` \|/)) {
                split(line, part, /[`\/]/)
                level[part[2]] = ++count
                if (line ~ /\*\*library:\*\*/) library[part[2]] = 1
            }
        }
    }
    {
        split($1, path, "/")
        from = path[2]
        to = $3
        sub(/^#include "/, "", to)
        sub(/\/$/, "", to)
        if (!(to in level)) next
        if (!(from in level)) print $1 ":" $2 ": src/" from " is not in the table of src/README.md"
        else if (level[to] < level[from]) print $1 ":" $2 ": src/" from " uses src/" to ", which is above it"
        else if (from in library && !(to in library)) print $1 ":" $2 ": src/" from " is of the library, src/" to " is not"
    }')
[[ -z $wrong ]] || {
    printf '%s\n' "$wrong"
    exit 1
}
