#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/emulated/mend_bochs.sh FOLDER
#
# Corrects what Bochs 3.0 computes wrongly with AMX, in its sources in FOLDER, before they are built. tiles.c tells
# whether a Bochs needs it.
set -euo pipefail

if [[ $# -ne 1 || $1 == --help || $1 == -h ]]; then
    awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    if [[ ${1:-} == --help || ${1:-} == -h ]]; then exit 0; else exit 2; fi
fi
products=$1/cpu/avx/amx.cc
state=$1/cpu/xsave.cc
for file in "$products" "$state"; do
    [[ -w $file ]] || { echo "mend_bochs.sh: $file is missing: \"$1\" has no sources of Bochs 3.0" >&2; exit 1; }
done

# Signed bytes are multiplied as if they were unsigned: the first factor is x, the second y.
sed -i '/^BX_CPP_INLINE Bit32u DPBDS[SU](/,/^}/ { /xbyte\[4\]/ s/Bit8u/Bit8s/g }
    /^BX_CPP_INLINE Bit32u DPBD[SU]S(/,/^}/ { /ybyte\[4\]/ s/Bit8u/Bit8s/g }' "$products"
# XSAVE and STTILECFG swap a tile's rows and bytes, half of the rows is left out, and only unused tiles count as used.
sed -i 's/row < BX_TILE_REGISTERS/row < BX_TILE_MAX_ROWS/
    /tilecfg\.vmm16u(8+n) / s/\.rows/.bytes_per_row/
    /tilecfg\.vmmubyte(48+n) / s/\.bytes_per_row/.rows/
    s/tile_use_tracker == 0/tile_use_tracker != 0/' "$state"
