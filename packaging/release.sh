#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: packaging/release.sh ARCHIVE URL HOMEPAGE FOLDER
#
# Writes the packages' files for a release into FOLDER: copies of what is here, with version, address and hashes of the
# release's source archive. ARCHIVE is that archive, here; URL is where it will be. Each folder is then what the package
# manager takes: a vcpkg port, a Conan recipe, a Homebrew formula, a Meson wrap.
set -euo pipefail

[[ $# -eq 4 ]] || { sed -n '3,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
archive=$1 url=$2 home=$3 out=$4
here=$(cd "$(dirname "$0")" && pwd)
[[ -f $archive ]] || { echo "release.sh: $archive: no such file" >&2; exit 1; }
version=$(sed -n 's/^#define MN_VERSION_[A-Z]* //p' "$here/../include/mobilenet.h" | paste -sd.)
sha256=$(sha256sum "$archive" | cut -d' ' -f1)
sha512=$(sha512sum "$archive" | cut -d' ' -f1)

mkdir -p "$out"
for folder in vcpkg conan homebrew meson; do
    cp -r "$here/$folder" "$out/"
done
# The sources of libmobilenet, and those of libmobilenet_image that need no other library, as Meson quotes them.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
left_out=$(sed -n '/^[a-z]/p' "$here/../src/tools.txt" | paste -sd'|')
tar -tzf "$archive" | sed -n 's|^[^/]*/\(src/.*[.]c\)$|\1|p' | grep -vE "^src/($left_out|plugin)/" | LC_ALL=C sort |
    sed "s/.*/  '&',/" >"$scratch/all"
grep -v "'src/decode/" "$scratch/all" >"$scratch/sources"
grep "'src/decode/" "$scratch/all" | grep -vE '/(jpeg|png|webp)[.]c' >"$scratch/image_sources"

find "$out" -name '*.in' | while read -r file; do
    sed -e "s|@VERSION@|$version|g" -e "s|@ARCHIVE_URL@|$url|g" -e "s|@URL@|$home|g" \
        -e "s|@SHA256@|$sha256|g" -e "s|@SHA512@|$sha512|g" \
        -e "/^@SOURCES@$/{r $scratch/sources" -e 'd}' -e "/^@IMAGE_SOURCES@$/{r $scratch/image_sources" -e 'd}' \
        "$file" >"${file%.in}"
    rm "$file"
done
