#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What package managers take: packaging/release.sh fills it in, and each checker that is installed reads it. With
# MN_LONG_TESTS, Conan and Meson build the library from an archive, and programs with it.
. tests/build/common.sh

version=$(sed -n 's/^#define MN_VERSION_[A-Z]* //p' include/mobilenet.h | paste -sd.)
name=mobilenet-$version
archive=$scratch/$name.tar.gz
git ls-files --cached | tar -czf "$archive" --transform "s|^|$name/|" -T - 2>/dev/null || skip "the tree is no checkout of git"
packaging/release.sh "$archive" "file://$archive" https://example.org/mobilenet "$scratch/release"
left=$(grep -rE '@[A-Z0-9_]+@' "$scratch/release" || true)
[ -z "$left" ] || fail "release.sh leaves $left"
grep -rq "$(sha256sum "$archive" | cut -d' ' -f1)" "$scratch/release/homebrew" || fail "the formula has another hash"

python3 - "$scratch/release" "$version" <<'EOF'
import ast, configparser, json, pathlib, sys
root, version = pathlib.Path(sys.argv[1]), sys.argv[2]
port = json.loads((root / "vcpkg/vcpkg.json").read_text())
assert port["version"] == version and set(port["default-features"]) <= set(port["features"]), port
for recipe in root.glob("conan/**/conanfile.py"):
    ast.parse(recipe.read_text())
wrap = configparser.ConfigParser()
wrap.read(root / "meson/mobilenet.wrap")
assert wrap["wrap-file"]["directory"] == f"mobilenet-{version}", dict(wrap["wrap-file"])
EOF
# Options that packages set are those that the build has.
grep -rhoE '\bMN_[A-Z]+\b' packaging | sort -u | while read -r option; do
    [ "$option" = MN_ERROR ] || [ "$option" = MN_TARGET ] || [ "$option" = MN_PHOTOS ] ||
        grep -rqE "(option|set)\($option " CMakeLists.txt cmake || fail "there is no option $option"
done

ran=()
tried() { # a checker, where it is: tried COMMAND...
    command -v "$1" >/dev/null || return 0
    "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "$*"; }
    ran+=("$1")
}
tried ruby -c "$scratch/release/homebrew/mobilenet.rb"
tried hadolint packaging/docker/Dockerfile
tried vcpkg format-manifest "$scratch/release/vcpkg/vcpkg.json"

# A recipe for a library of the system's in place of conancenter's, which is left alone: stand_in NAME VERSION PART LIBRARY
stand_in() {
    mkdir -p "$scratch/stand-ins/$1"
    cat >"$scratch/stand-ins/$1/conanfile.py" <<EOF
from conan import ConanFile
class StandIn(ConanFile):
    name, version = "$1", "$2"
    def package_info(self):
        part = self.cpp_info.components["$3"]
        part.system_libs, part.includedirs, part.libdirs = ["$4"], [], []
EOF
    tried conan export "$scratch/stand-ins/$1"
}

# Conan's package of both kinds, with its own test; and without photos.
build_with_conan() {
    export CONAN_HOME=$scratch/conan
    unset CC # Conan does not know a compiler behind ccache by its path
    tried conan profile detect
    stand_in libjpeg-turbo 2.1.5 jpeg jpeg
    stand_in libpng 1.6.39 libpng png
    stand_in libwebp 1.2.4 webp webp
    local create=(conan create "$scratch/release/conan" --version "$version" --no-remote --build=missing) shared
    for shared in False True; do
        tried "${create[@]}" -o "&:shared=$shared"
        grep -q "^mobilenet $version: none.tflite: " "$scratch/log" || fail "what Conan built does not run"
        [[ $(grep -cE '^(JPEG|PNG|WebP): ' "$scratch/log") -eq 3 ]] || fail "what Conan built does not know photos"
    done
    tried "${create[@]}" -o '&:photos=False' -s build_type=Debug
    grep -q "^mobilenet $version: none.tflite: " "$scratch/log" || fail "what Conan built without photos does not run"
}

# A project of Meson's that has the libraries as a subproject, with stricter warnings than the sources are held to.
build_with_meson() {
    local user=$scratch/user
    mkdir "$user"
    cp -r "$scratch/release/meson" "$user/subprojects"
    cp packaging/conan/test_package/uses_mobilenet.c examples/classify.c "$user/"
    cat >"$user/meson.build" <<'EOF'
project('user', 'c', default_options: ['c_std=c11', 'buildtype=debug', 'warning_level=3', 'werror=true'])
executable('uses_mobilenet', 'uses_mobilenet.c', dependencies: dependency('mobilenet'))
executable('classify', 'classify.c', dependencies: dependency('mobilenet_image'))
EOF
    tried meson setup "$scratch/meson" "$user"
    tried meson compile -C "$scratch/meson"
    ! grep -n 'warning:' "$scratch/log" || fail "warnings in Meson's build"
    "$scratch/meson/uses_mobilenet" | grep -q "^mobilenet $version: none.tflite: " || fail "what Meson built does not run"
    local case=(tests/golden/tiny_v2_int8.tflite fuzz/corpus/image/colour420.jpg)
    "$MN_BUILD/tests/example_classify" "${case[@]}" >"$scratch/wanted"
    "$scratch/meson/classify" "${case[@]}" | diff "$scratch/wanted" - || fail "Meson's example (>) prints other classes"
}

# The packages that the Dockerfile's image has are all that the commands need: a clean root of Debian has them.
try_image() {
    local packages mirror
    mirror=$(bash -c 'source scripts/lib.sh; debian_mirror')
    if ! command -v mmdebstrap >/dev/null || [ "$(id -u)" -ne 0 ] || [ -z "$mirror" ]; then
        echo "SKIPPED: packages of the Dockerfile: only root makes clean roots of Debian, with mmdebstrap"
        return
    fi
    packages=$(sed '1,/^FROM debian:12-slim$/d' packaging/docker/Dockerfile | grep -oE '\blib[a-z0-9.-]+' | sort -u | paste -sd,)
    mkdir "$scratch/image"
    cp "$MN_BUILD/mobilenet" tests/golden/tiny_v2_int8.tflite fuzz/corpus/image/colour420.jpg models/signs_0.35_96.h5 "$scratch/image"
    # shellcheck disable=SC2016 # mmdebstrap's own variable
    tried mmdebstrap --variant=minbase --format=null --include="$packages" --customize-hook="copy-in $scratch/image /" \
        --customize-hook='chroot "$1" /image/mobilenet classify -m /image/tiny_v2_int8.tflite /image/colour420.jpg' \
        --customize-hook='chroot "$1" /image/mobilenet convert /image/signs_0.35_96.h5 -o /signs.tflite' \
        bookworm /dev/null "$mirror"
    grep -q ' %  class 9$' "$scratch/log" || fail "the command says nothing of a photo in the image"
}

if [ -n "${MN_LONG_TESTS:-}" ]; then
    if ! command -v conan >/dev/null || ! command -v meson >/dev/null; then
        if ! { python3 -m venv "$scratch/venv" && "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check \
            --retries 1 --timeout 20 'conan>=2' meson; } >"$scratch/log" 2>&1; then
            echo "SKIPPED: Conan and Meson: $(tail -n 1 "$scratch/log")"
        fi
        PATH=$scratch/venv/bin:$PATH
    fi
    if command -v conan >/dev/null; then build_with_conan; fi
    if command -v meson >/dev/null; then build_with_meson; fi
    try_image
fi
echo "checkers that were here: $(printf '%s\n' "${ran[@]:-none}" | sort -u | paste -sd' ')"
