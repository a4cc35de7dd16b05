#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: scripts/arm-sysroot.sh
#
# Prints the path of a folder with files for 64-bit Arm: Python, NumPy and LiteRT 1.4.0 (the newest that QEMU 7.2 runs),
# and TFLite 2.14.0 with a matching NumPy, to be run with qemu-aarch64 -L. It is made once, in build-arm/sysroot, from
# wheels for aarch64 and from Debian's packages for arm64, which apt-get fetches with separate settings, so that nothing
# is installed and this machine's settings do not change. $MOBILENET_ARM_SYSROOT names an existing folder instead. Exits
# with 77, with the reason on standard error, if it cannot be made.
source "$(dirname "$0")/lib.sh"

litert=(ai-edge-litert==1.4.0)
tflite=(tflite-runtime==2.14.0 'numpy==1.26.*')
root=${MOBILENET_ARM_SYSROOT:-$PWD/build-arm/sysroot}
apt=$PWD/build-arm/apt

interpreter() { find "$root/usr/bin" -name 'python3.[0-9]*' 2>/dev/null | sort | head -n 1; }

complete() {
    [[ -n $(interpreter) ]] &&
        qemu-aarch64 -L "$root" "$(interpreter)" -c 'import ai_edge_litert.interpreter, numpy' >/dev/null 2>&1 &&
        qemu-aarch64 -E PYTHONPATH=/usr/lib/python3/tflite -L "$root" "$(interpreter)" \
            -c 'import tflite_runtime.interpreter, numpy' >/dev/null 2>&1
}

# apt-get for arm64, with its own lists, cache and, empty, list of what is installed.
fetch_packages() {
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    : >"$apt/status"
    cat >"$apt/apt.conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
END
    export APT_CONFIG=$apt/apt.conf
    apt-get -q update && apt-get -q -y install --download-only python3-minimal libpython3-stdlib libstdc++6
}

# Debian keeps /lib and /bin as links into /usr.
unpack_packages() {
    local package folder
    for folder in lib bin sbin; do
        mkdir -p "$root/usr/$folder"
        ln -sfn "usr/$folder" "$root/$folder"
    done
    for package in "$apt"/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --no-same-owner --keep-directory-symlink || return 1
    done
    relative_links "$root"
}

# fetch_wheels FOLDER PACKAGE...: unpacks them, and what they need, into a folder of /usr/lib/python3.
fetch_wheels() {
    local version platforms=() glibc wheel folder=$1
    shift
    version=$(interpreter)
    for glibc in 17 27 28 34; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
    python3 -m pip download --quiet --disable-pip-version-check --retries 1 --timeout 20 --only-binary=:all: \
        "${platforms[@]}" --platform manylinux2014_aarch64 --implementation cp \
        --python-version "${version##*python}" -d "$apt/wheels/$folder" "$@" || return 1
    for wheel in "$apt/wheels/$folder"/*.whl; do
        python3 -m zipfile -e "$wheel" "$root/usr/lib/python3/$folder" || return 1
    done
}

have qemu-aarch64 || skip "qemu-aarch64 is missing (on Debian: apt-get install qemu-user)"
if ! complete; then
    [[ -z ${MOBILENET_ARM_SYSROOT:-} ]] || skip "$root lacks Python, NumPy, LiteRT or TFLite"
    if ! have apt-get || ! have dpkg-deb; then skip "there is no apt-get to fetch Debian's packages for arm64"; fi
    have python3/pip || skip "pip is missing (on Debian: apt-get install python3-pip)"
    rm -rf "$root" "$apt"
    mkdir -p "$root"
    log=$(fetch_packages 2>&1) || skip "apt-get cannot fetch packages for arm64: ${log##*$'\n'}"
    log=$(unpack_packages 2>&1) || skip "packages for arm64 cannot be unpacked: ${log##*$'\n'}"
    log=$(fetch_wheels dist-packages "${litert[@]}" 2>&1) || skip "pip cannot fetch LiteRT for aarch64: ${log##*$'\n'}"
    log=$(fetch_wheels tflite "${tflite[@]}" 2>&1) || skip "pip cannot fetch TFLite for aarch64: ${log##*$'\n'}"
    complete || skip "LiteRT and TFLite were fetched, but do not load under qemu-aarch64"
fi
echo "$root"
