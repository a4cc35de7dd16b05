# SPDX-License-Identifier: MIT
# Shared by the scripts: where the repository is, installing packages, building.
# shellcheck shell=bash disable=SC2034 # variables are for the scripts that read this file

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

offline=0  # 1: install and fetch nothing
jobs=$(nproc 2>/dev/null || echo 2)

# The newest clang-format and clang-tidy differ from release to release, so one release decides.
clang_release=14

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Ends a script that prints what it made, which cannot be had here.
skip() {
    echo "SKIPPED: $1" >&2
    exit 77
}

# The address from which this machine's apt takes Debian, or, with the argument Debian-Security, its security updates: it
# has other releases and architectures, too.
debian_mirror() {
    local addresses
    # shellcheck disable=SC2016 # apt's own variables
    addresses=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(LABEL)' 2>/dev/null) || true
    awk -v label="${1:-Debian}" '$1 == "Debian" && $3 == label && NF == 3 { print $2; exit }' <<<"$addresses"
}

# Links in a folder of another system that begin at the root would lead into this one's own files: they become relative
# where what they name is there.
relative_links() {
    local link target
    find "$1" -type l -lname '/*' -printf '%p %l\n' | while read -r link target; do
        [[ ! -e $1$target && ! -L $1$target ]] || ln -sfn "$(realpath -ms --relative-to="$(dirname "$link")" "$1$target")" "$link"
    done
}

# Prints the comment at the head of the running script, from line 3 to the first line that is no comment.
usage() { awk 'NR > 2 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# --help or -h among the arguments of any script asks for that.
for argument in "$@"; do
    case $argument in -h | --help) usage; exit 0 ;; --) break ;; esac
done

# What a build needs, as PROBE:DEBIAN-PACKAGE; a probe is a command, a header or python3/MODULE.
build_needs=(cc:gcc stdio.h:libc6-dev cmake:cmake ninja:ninja-build jpeglib.h:libjpeg-dev png.h:libpng-dev
    webp/decode.h:libwebp-dev h5cc:libhdf5-dev zip.h:libzip-dev cjson/cJSON.h:libcjson-dev)
# What the tests need beside.
test_needs=(cmocka.h:libcmocka-dev cairo/cairo.h:libcairo2-dev mpicc:libopenmpi-dev mpirun:openmpi-bin c++:g++
    pkg-config:pkg-config python3:python3 python3/ensurepip:python3-venv curl:curl pgrep:procps)

have() {
    case $1 in
    *.h) printf '#include <stddef.h>\n#include <stdio.h>\n#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1 ;;
    python3/*) python3 -c "import ${1#*/}" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Installs what is missing of the given PROBE:PACKAGE pairs, or says how to and ends.
install_needs() {
    local need packages=()
    for need in "$@"; do
        have "${need%%:*}" || packages+=("${need#*:}")
    done
    [[ ${#packages[@]} -gt 0 ]] || return 0

    local command=(apt-get install -y --no-install-recommends "${packages[@]}")
    local as=()
    if [[ $(id -u) -ne 0 ]]; then as=(sudo -n); fi
    if [[ $offline -eq 1 ]]; then
        die "missing and --offline forbids installing; install with: sudo ${command[*]}"
    elif ! have apt-get; then
        die "missing: Debian's packages ${packages[*]}; install what provides them on this system"
    elif [[ ${#as[@]} -gt 0 ]] && ! "${as[@]}" true 2>/dev/null; then
        die "missing packages; install with: sudo ${command[*]}"
    fi
    say "    installing ${packages[*]}"
    local log
    log=$(mktemp)
    if ! { "${as[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${as[@]}" "${command[@]}"; } >"$log" 2>&1; then
        tail -20 "$log" >&2
        rm -f "$log"
        die "cannot install ${packages[*]}; the messages of apt-get are above"
    fi
    rm -f "$log"
}

# The folder of a CMake preset.
build_dir() { if [[ $1 == release ]]; then echo build; else echo "build-$1"; fi; }

# Runs a build; on a terminal with all its output, elsewhere with none unless it fails, and then without the progress.
quietly() {
    if [[ -t 1 ]]; then
        "$@"
        return
    fi
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    if [[ $status -ne 0 ]]; then grep -vE '^\[[0-9]+/[0-9]+\]' "$log" >&2; fi
    rm -f "$log"
    return "$status"
}

# Builds a CMake preset, or only some targets of it: build PRESET [TARGET...]
build() {
    local preset=$1 log
    shift
    log=$(mktemp)
    if ! cmake --preset "$preset" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    # What cannot be built matters where everything is wanted.
    if [[ $# -eq 0 ]]; then grep -A2 SKIPPED "$log" || true; fi
    rm -f "$log"
    quietly cmake --build --preset "$preset" -j "$jobs" ${1+--target "$@"} || return 1
    say "    built in $(build_dir "$preset")/"
}
