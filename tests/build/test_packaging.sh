#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What package managers take: packaging/release.sh fills it in, and each checker that is installed reads it. With
# MN_LONG_TESTS, Conan and Meson, where they are, build the library from an archive.
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
    [ "$option" = MN_ERROR ] || [ "$option" = MN_TARGET ] || grep -rqE "(option|set)\($option " CMakeLists.txt cmake || fail "there is no option $option"
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
if [ -n "${MN_LONG_TESTS:-}" ]; then
    export CONAN_HOME=$scratch/conan
    if command -v conan >/dev/null; then
        tried conan profile detect
        tried conan create "$scratch/release/conan" --version "$version" -o '&:photos=False' --build=missing
    fi
    if command -v meson >/dev/null && meson --version | grep -qE '^(1\.([3-9]|[1-9][0-9])|[2-9])'; then
        mkdir -p "$scratch/user/subprojects"
        cp "$scratch/release/meson/mobilenet.wrap" "$scratch/user/subprojects/"
        cp packaging/conan/test_package/uses_mobilenet.c "$scratch/user/"
        cat >"$scratch/user/meson.build" <<'EOF'
project('user', 'c', default_options: ['c_std=c11', 'buildtype=release'])
executable('uses_mobilenet', 'uses_mobilenet.c', dependencies: dependency('mobilenet'))
EOF
        tried meson setup "$scratch/meson" "$scratch/user"
        tried meson compile -C "$scratch/meson"
        "$scratch/meson/uses_mobilenet" | grep "^mobilenet $version: none.tflite: " || fail "what Meson built does not run"
    fi
fi
echo "checkers that were here: ${ran[*]:-none}"
