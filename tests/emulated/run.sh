#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/emulated/run.sh PROCESSOR [FILE...] -- PROGRAM [ARGUMENT...]
#
# Runs a static x86-64 Linux program on a PROCESSOR of Bochs: prints the program's output and exits with its status; the
# last line is the number of instructions. The program can read the FILEs (and files in folders among them) under these
# names, but not write. Its environment consists of the variables MOBILENET_* of this one.
#
#   $MN_BOCHS    the command bochs; `bochs -help cpu` lists its processors
#   $MN_SECONDS  ends a run that takes longer (default 3600)
#   --help       this text
set -euo pipefail

here=$(dirname "$0")
bochs=${MN_BOCHS:-bochs}

die() {
    echo "run.sh: $*" >&2
    exit 126
}

case ${1:-} in -h | --help | '')
    sed -n '3,/^set/{/^set/d; s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
esac
processor=$1
shift
files=()
while [[ $# -gt 0 && $1 != -- ]]; do
    files+=("$1")
    shift
done
[[ $# -ge 2 ]] || die "there is no program; see tests/emulated/run.sh --help"
shift

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# ---- The ROM ----
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none \
    -mgeneral-regs-only -mno-red-zone -nostdlib -static -Wl,--build-id=none -T "$here/loader.ld" "$here"/start.S \
    "$here"/{loader,calls,files,pages,threads}.c -o "$scratch/loader.elf" || die "the loader cannot be built"
objcopy -O binary -j .text -j .reset "$scratch/loader.elf" "$scratch/loader.rom"

# ---- The archive ----
printf '%s\0' "$@" >"$scratch/emulated.arguments"
{ env -0 | grep -z '^MOBILENET_' || true; } >"$scratch/emulated.environment"
printf '%s\n' "$1" "${files[@]}" >"$scratch/names"
while read -r name; do find -L "$name" -type f || exit 1; done <"$scratch/names" | sed 's,^\./,,' >"$scratch/list" ||
    die "a file is missing"
tar --format=ustar --dereference --absolute-names -cf "$scratch/archive.tar" -C "$scratch" emulated.arguments \
    emulated.environment -C "$PWD" -T "$scratch/list"

truncate -s %516096 "$scratch/archive.tar" # whole cylinders of 16 x 63 sectors

# ---- The machine ----
cat >"$scratch/machine" <<END
cpu: model=$processor, ips=1000000000, reset_on_triple_fault=0
clock: sync=none
memory: guest=1024, host=1024
romimage: file=$scratch/loader.rom
ata0-master: type=disk, mode=flat, path=$scratch/archive.tar
vga: extension=none
parport1: enabled=1, file=$scratch/output
log: $scratch/log
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
END

# A display that shows nothing, or a terminal that nobody sees: Debian's Bochs has no other. That one's debugger also
# wants to be told to continue.
machine() {
    { cat "$scratch/machine" && echo "display_library: $1"; } >"$scratch/bochsrc"
    : >"$scratch/output"
    TERM=${TERM:-vt100} timeout "${MN_SECONDS:-3600}" "$bochs" -q -f "$scratch/bochsrc" <<<$'c\nquit' \
        >"$scratch/bochs" 2>&1 || true
}
[[ $("$bochs" --help 2>&1) == *Bochs* ]] || die "\"$bochs\" is no Bochs; name it in \$MN_BOCHS"
lacks() { grep -q "display library '$1' not available" "$scratch/bochs"; }
machine nogui
! lacks nogui || machine term
if lacks term; then
    echo "Bochs has neither of the displays nogui and term (on Debian: apt-get install bochs-term)" >&2
    exit 77
fi
end=$(grep -a '^emulated: exit' "$scratch/output" | tail -n 1) || true
[[ -n $end ]] || {
    cat "$scratch/output"
    tail -n 20 "$scratch"/{bochs,log} >&2 || true
    die "the machine ended before the program"
}
cat "$scratch/output"
status=${end#emulated: exit }
exit "${status%% *}"
