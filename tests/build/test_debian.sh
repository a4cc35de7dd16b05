#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Debian's packages: built in a clean root of Debian 12, for this machine and across for 64-bit and 32-bit Arm, without a
# complaint of lintian; then, in a clean root of each, installed by apt with what they depend on, tried by
# debian/tests/installed, asked what is in photos, which they answer as the build does, and purged without a trace.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it builds Debian's packages in clean roots, which takes long; ./test.sh --all does"
need git
need mmdebstrap
[[ $(id -u) -eq 0 ]] || skip "only root makes clean roots of Debian"
release=bookworm
mirror=$(bash -c 'source scripts/lib.sh; debian_mirror')
[[ -n $mirror ]] || skip "apt takes nothing from Debian here"
/usr/lib/apt/apt-helper download-file "${mirror%/}/dists/$release/Release" "$scratch/Release" >/dev/null 2>&1 ||
    skip "$mirror cannot be reached"
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
[[ $("$MN_BUILD/mobilenet" --version) == *" $version"* ]] || fail "debian/changelog is not of this version"

# Makes a root of the first machine with packages of Debian, copies folders of $scratch there, and runs a script of this
# folder with arguments: root MACHINE,... PACKAGE,... "FOLDER ..." SCRIPT ARGUMENT...
root() {
    local hooks=() clean="env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive"
    for folder in $3; do hooks+=("--customize-hook=copy-in $scratch/$folder /"); done
    hooks+=("--customize-hook=chroot \"\$1\" $clean /mobilenet/tests/build/$4 ${*:5}")
    [[ $4 != debian_build.sh ]] || hooks+=("--customize-hook=copy-out /packages $scratch")
    mmdebstrap --variant=apt --format=null --architectures="$1" --include="$2" "${hooks[@]}" "$release" /dev/null "$mirror" \
        >"$scratch/log" 2>&1
}

# The same for a machine that QEMU emulates. Where the kernel does not know yet that QEMU runs its programs, it is told so
# for a user namespace alone, as Linux 6.7 allows: this machine stays as it is.
foreign_root() {
    local child
    if arch-test "$1" >/dev/null 2>&1; then
        root "$@"
        return
    fi
    mkfifo "$scratch/mapped"
    export -f root
    export scratch release mirror
    # shellcheck disable=SC2016 # for the other shell
    unshare --user --mount bash -c 'read -r _ <"$0"
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit
        for name in aarch64 arm; do cat "/usr/lib/binfmt.d/qemu-$name.conf" >/proc/sys/fs/binfmt_misc/register || exit; done
        root "$@"' "$scratch/mapped" "$@" 2>"$scratch/log" &
    child=$!
    while [[ $(readlink "/proc/$child/ns/user") == $(readlink /proc/self/ns/user) ]]; do sleep 0.1; done
    echo '0 0 65536' >"/proc/$child/uid_map"
    echo '0 0 65536' >"/proc/$child/gid_map"
    echo >"$scratch/mapped"
    rm "$scratch/mapped"
    wait "$child"
}

# A model, a photo, and what the build says that is in it: add_case MODEL PHOTO
add_case() {
    local folder
    folder=$scratch/cases/$(basename "$1" .tflite)
    mkdir -p "$folder"
    cp "$1" "$folder/model.tflite"
    cp "$2" "$folder/photo.jpg"
    (cd "$folder" && "$MN_BUILD/mobilenet" classify -m model.tflite --json photo.jpg) |
        sed 's/"[a-z_]*milliseconds": [0-9.e-]*//g' >"$folder/wanted" || fail "the build has no answer to $2"
}

add_case tests/golden/tiny_v2_int8.tflite fuzz/corpus/image/colour420.jpg
model=../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite
[[ ! -e $model ]] || add_case "$model" ../shared/images/example_input.jpg
mkdir "$scratch/mobilenet"
git ls-files -co --exclude-standard -z | xargs -0 cp -P --parents -t "$scratch/mobilenet"

native=$(dpkg --print-architecture)
machines=$native
packages=build-essential,lintian
for machine in arm64 armhf; do
    [[ $machine != "$native" ]] || continue
    machines+=,$machine
    packages+=,crossbuild-essential-$machine
done
root "$machines" "$packages" mobilenet debian_build.sh "${machines//,/ }" || fail "packages: $(tail -n 30 "$scratch/log")"
for machine in ${machines//,/ }; do
    kind=root
    if [[ $machine != "$native" ]]; then
        kind=foreign_root
        need arch-test
        [[ -e /usr/lib/binfmt.d/qemu-aarch64.conf ]] || skip "QEMU is missing (on Debian: apt-get install qemu-user-static)"
    fi
    "$kind" "$machine" gcc,libc6-dev,pkgconf "mobilenet packages cases" debian_install.sh "$machine" ||
        fail "$machine: $(tail -n 30 "$scratch/log")"
    echo "$machine: installed, tried and purged"
done
