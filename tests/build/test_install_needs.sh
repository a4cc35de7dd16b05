#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The target `installed` makes every file of the build that cmake --install takes, and recipe.sh builds that target: so
# an installation works after it.
source tests/build/common.sh

need ninja
[[ -r $MN_BUILD/build.ninja ]] || skip "$MN_BUILD was not made by Ninja"
ninja -C "$MN_BUILD" -t query installed 2>/dev/null | sed -n 's/^    //p' | sort >"$scratch/made" || true
[[ -s $scratch/made ]] || fail "there is no target 'installed'"
# The files that the install script names in the build folder, but for those that configuring writes and a library's
# versioned names.
grep -oE "\"$MN_BUILD/[^\"\$]*\"" "$MN_BUILD/cmake_install.cmake" | tr -d '"' | sed 's,.*/,,' |
    grep -vE '\.(cmake|pc)$|[.]so[.]' | sort -u >"$scratch/taken"
for file in libmobilenet.a mobilenet benchmark_model; do
    grep -qx "$file" "$scratch/taken" || [[ ! -e $MN_BUILD/$file ]] || fail "$file is not installed"
done
missing=$(comm -13 "$scratch/made" "$scratch/taken")
[[ -z $missing ]] || fail "the target 'installed' does not make $missing"
grep -q '^targets=(installed)' recipe.sh || fail "recipe.sh does not build the target 'installed'"
