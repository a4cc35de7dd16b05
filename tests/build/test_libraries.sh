#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds without some of the libraries that are not ours: with all, without each, with each alone, with none, and with parts
# switched off. Everything must build, and what is built must pass the tests of reading photos and weights. These stand for
# every set of libraries, for the build's rules ask for one library or for all of a list.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "it builds everything two dozen times; ./test.sh --all does"
need ninja
folder=$scratch/build

# What configures a build without a library, and with it once more.
declare -A without=([jpeg]=-DCMAKE_DISABLE_FIND_PACKAGE_JPEG=ON [png]=-DCMAKE_DISABLE_FIND_PACKAGE_PNG=ON
    [mpi]=-DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON [zlib]=-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON
    [webp]=-DMN_WEBP_LIBRARY= [hdf5]=-DMN_HDF5_LIBRARY= [zip]=-DMN_ZIP_LIBRARY= [cjson]=-DMN_CJSON_LIBRARY=
    [cairo]=-DMN_CAIRO_LIBRARY= [cmocka]=-Dmn_cmocka=)
names=(jpeg png webp hdf5 zip cjson cairo cmocka mpi zlib)
again=(-UCMAKE_DISABLE_FIND_PACKAGE_\* -UBUILD_SHARED_LIBS -UMN_IMAGE -UMN_TOOLS -UMN_\*_LIBRARY -UMN_HDF5_STATIC\* -Umn_cmocka)

# Configures, builds and tests: try NAME OPTION...
try() {
    local name=$1 start=$SECONDS
    shift
    rm -f "$folder/mobilenet" # which a build without commands would leave there
    "$CMAKE" -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Debug "${again[@]}" "$@" >"$scratch/log" 2>&1 ||
        fail "$name: $(tail -n 20 "$scratch/log")"
    "$CMAKE" --build "$folder" >"$scratch/log" 2>&1 || fail "$name: $(grep -vE '^\[[0-9]+/' "$scratch/log" | tail -n 20)"
    ctest --test-dir "$folder" -LE slow -j2 --output-on-failure \
        -R '^(image_.*|photo|keras_files|torch_.*|cli_(completion|convert|memory|new|photos|quantize|signs|variants))$' \
        >"$scratch/log" 2>&1 || fail "$name: $(grep -vE '^ *([0-9]+/[0-9]+|Start)' "$scratch/log" | tail -n 40)"
    echo "$name: $(sed -n 's/^\(.* tests passed\).* out of \(.*\)/\1 of \2/p' "$scratch/log") in $((SECONDS - start)) s"
}

all=("${without[@]}")
try "all libraries"
[[ -x $folder/tests/failing && -x $folder/tests/test_keras_files ]] ||
    skip "some of the libraries are missing, so nothing can be said of builds without them"
for name in "${names[@]}"; do
    try "without $name" "${without[$name]}"
done
try "without any" "${all[@]}"
for name in "${names[@]}"; do
    rest=()
    for other in "${names[@]}"; do [[ $other == "$name" ]] || rest+=("${without[$other]}"); done
    try "$name alone" "${rest[@]}"
done
try "HDF5's shared library" -DMN_HDF5_STATIC=
try "shared libraries switched off" -DBUILD_SHARED_LIBS=OFF
try "photos switched off" -DMN_IMAGE=OFF
try "commands switched off" -DMN_TOOLS=OFF
