#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet.hpp: its objects in C++17, in one program with a file that is compiled without exceptions. With MN_LONG_TESTS
# also C++20 and 23, gcc and clang, with the address and undefined behaviour sanitizers, and the example in C++, which
# prints what the one in C does.
source tests/build/common.sh

need "$CXX"
flags=(-Wall -Wextra -Wconversion -Wshadow -pedantic -Werror -Iinclude)
read -ra decoders <<<"$(sed -n 's/^Libs.private: *//p' "$MN_BUILD/mobilenet_image.pc")"
libraries=("$MN_BUILD/libmobilenet_image.a" "$MN_BUILD/libmobilenet.a" "${decoders[@]}" -pthread -lm -ldl)

# objects NAME COMPILER FLAG...: builds the test of objects and runs it.
objects() {
    local name=$scratch/$1
    local build=("$2" "${flags[@]}" "${@:3}")
    "${build[@]}" -fno-exceptions -c tests/build/cpp_results.cpp -o "$name.results.o" &
    "${build[@]}" -c tests/build/cpp_objects.cpp -o "$name.o" || fail "$1: cpp_objects.cpp is not compiled"
    wait $! || fail "$1: cpp_results.cpp is not compiled without exceptions"
    "${build[@]}" "$name.o" "$name.results.o" "${libraries[@]}" -o "$name" || fail "$1: is not linked"
    local delegate=$MN_BUILD/tests/delegates/good.so
    if [[ -e $delegate ]]; then "$name" "$delegate"; else "$name"; fi || fail "$1: fails"
}

objects cpp17 "$CXX" -std=c++17
[[ -n ${MN_LONG_TESTS:-} ]] || exit 0
"$CXX" "${flags[@]}" -std=c++17 examples/classify.cpp "${libraries[@]}" -o "$scratch/classify" || fail "classify.cpp"
model=tests/golden/tiny_v2_int8.tflite
photo=fuzz/corpus/image/colour-16bit.ppm
"$scratch/classify" "$model" "$photo" >"$scratch/cpp" || fail "the example in C++ fails"
"$MN_BUILD/tests/example_classify" "$model" "$photo" | diff - "$scratch/cpp" ||
    fail "the example in C++ (>) does not print what that in C (<) does"
status=0
"$scratch/classify" "$model" "no such photo.jpg" 2>"$scratch/message" || status=$?
[[ $status -eq 1 ]] || fail "the example in C++ ends with status $status for a missing photo"
grep -q 'no such photo.jpg' "$scratch/message" || fail "unexpected: $(cat "$scratch/message")"

for standard in c++17 c++20 c++2b; do
    for compiler in g++ clang++; do
        if ! command -v "$compiler" >/dev/null; then
            echo "SKIPPED: $compiler is missing (on Debian: apt-get install ${compiler/clang++/clang})"
            continue
        fi
        objects "$standard-$compiler" "$compiler" -std="$standard" -g -fsanitize=address,undefined
    done
done
