#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An installed library serves C and C++ programs through find_package(mobilenet), shared and static.
source tests/build/common.sh

need ninja
install_moved
languages=C
if command -v "$CXX" >/dev/null; then languages="C CXX"; fi
mkdir "$scratch/project"
cp tests/build/consumer.c "$scratch/project/consumer.c"
cp tests/build/consumer.c "$scratch/project/consumer.cpp"
cp tests/build/consumer_image.c "$scratch/project/consumer_image.c"
cat >"$scratch/project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES $languages)
find_package(mobilenet 0.1 REQUIRED COMPONENTS image)
add_executable(shared consumer.c)
target_link_libraries(shared PRIVATE mobilenet::mobilenet)
add_executable(static consumer.c)
target_link_libraries(static PRIVATE mobilenet::static)
add_executable(image consumer_image.c)
target_link_libraries(image PRIVATE mobilenet::image)
add_executable(image_static consumer_image.c)
target_link_libraries(image_static PRIVATE mobilenet::image_static)
if(CMAKE_CXX_COMPILER)
  add_executable(shared_cxx consumer.cpp)
  target_link_libraries(shared_cxx PRIVATE mobilenet::mobilenet)
endif()
END
"$CMAKE" -G Ninja -S "$scratch/project" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" \
    >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "the consumer cannot be configured"; }
"$CMAKE" --build "$scratch/build" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "the consumer cannot be built"; }
# Another minor version may have another interface.
sed -i 's/find_package(mobilenet 0.1 /find_package(mobilenet 0.0 /' "$scratch/project/CMakeLists.txt"
! "$CMAKE" -G Ninja -S "$scratch/project" -B "$scratch/other" -DCMAKE_PREFIX_PATH="$scratch/prefix" >"$scratch/log" 2>&1 ||
    fail "find_package takes another minor version"
grep -q 'compatible with requested version "0.0"' "$scratch/log" || { cat "$scratch/log"; fail "another error"; }
for program in shared static image image_static shared_cxx; do
    [[ $program != shared_cxx || -n $(command -v "$CXX") ]] || skip "C++ part: the command $CXX is missing"
    "$scratch/build/$program" >/dev/null || fail "$program: wrong exit status"
done
