#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The crates of rust/: bindings against the headers, tests and documentation, linked with the libraries of this build;
# layout, clippy, and what is packaged. With MN_LONG_TESTS the package is unpacked and compiles the library by itself, and
# with a Rust of Debian 12 (1.63) where it is, and for 64-bit Arm. It takes a registry of crates, or a cargo that has
# `cc` already.
source tests/build/common.sh

[[ -n ${MN_LONG_TESTS:-} ]] || skip "Rust takes a minute; ./test.sh --all does it"
command -v cargo >/dev/null || skip "the command cargo is missing (on Debian: apt-get install cargo)"
grep -q '^MN_IMAGE:BOOL=ON' "$MN_BUILD/CMakeCache.txt" || skip "JPEG and PNG are not read in this build (MN_IMAGE)"
MN_BUILD=$(realpath "$MN_BUILD")
export CARGO_TARGET_DIR=$scratch/target CARGO_TERM_COLOR=never
cp -a --parents rust src include LICENSE tests/golden/tiny_v2_int8.tflite tests/golden/tiny_v2_float32.tflite \
    tests/golden/tiny_v2_per_channel_int8.tflite fuzz/corpus/image/colour-16bit.ppm "$scratch" # cargo writes beside the sources
cd "$scratch/rust"
cargo fetch >"$scratch/log" 2>&1 || skip "no registry of crates: $(tail -n 1 "$scratch/log")"

# Runs cargo with the libraries of this build: with_built ARGUMENT...
with_built() {
    MOBILENET_LIB_DIR=$MN_BUILD cargo "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "cargo $*"; }
}

features=()
while read -r codec; do features+=("mobilenet/$codec"); done < <(sed -n 's/^Libs.private: *//p' "$MN_BUILD/mobilenet_image.pc" |
    tr ' ' '\n' | sed -nE 's/^-l(jpeg|png|webp)$/\1/p')
feature_list=$(IFS=, && echo "${features[*]}")
with_built test --features "$feature_list"
[[ $(grep -c '^test .* ok$' "$scratch/log") -ge 23 ]] || { cat "$scratch/log"; fail "tests are missing"; }
RUSTDOCFLAGS="-D warnings" with_built doc --no-deps
if cargo clippy --version >/dev/null 2>&1; then
    with_built clippy --all-targets --features "$feature_list" -- -D warnings
else
    echo "SKIPPED: clippy is missing (on Debian: apt-get install rust-clippy)"
fi
if cargo fmt --version >/dev/null 2>&1; then with_built fmt --check; fi

# The package has every source of the library, and compiles it.
cargo package -p mobilenet-sys --list --allow-dirty >"$scratch/list" 2>"$scratch/log" || { cat "$scratch/log"; fail "cargo package"; }
for file in build.rs c/LICENSE c/include/mobilenet.h c/src/tools.txt c/src/kernels/tiers.def c/src/decode/jpeg.c; do
    grep -qx "$file" "$scratch/list" || fail "$file is not in the package"
done
cargo package -p mobilenet-sys --allow-dirty --no-verify >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "cargo package"; }
tar -xf "$CARGO_TARGET_DIR"/package/mobilenet-sys-*.crate -C "$scratch"
[[ -f $scratch/mobilenet-sys-0.1.0/c/src/session/session.c && ! -L $scratch/mobilenet-sys-0.1.0/c/src ]] ||
    fail "sources are links in the package"
rm -r mobilenet-sys src ../src ../include 2>/dev/null || true
mv "$scratch/mobilenet-sys-0.1.0" mobilenet-sys
cargo run --example classify -p mobilenet -- ../tests/golden/tiny_v2_int8.tflite ../fuzz/corpus/image/colour-16bit.ppm \
    >"$scratch/rust.out" 2>"$scratch/log" || { cat "$scratch/log"; fail "the example in Rust"; }
"$MN_BUILD/tests/example_classify" ../tests/golden/tiny_v2_int8.tflite ../fuzz/corpus/image/colour-16bit.ppm |
    diff - "$scratch/rust.out" || fail "the example in Rust (>) does not print what that in C (<) does"

# The same tests on an emulated 64-bit Arm processor, where Rust has its standard library.
arm=aarch64-unknown-linux-gnu
if [[ -d $(rustc --print target-libdir --target "$arm" 2>/dev/null) ]] && command -v aarch64-linux-gnu-gcc >/dev/null &&
    command -v qemu-aarch64 >/dev/null; then
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
        cargo test -p mobilenet --test library --target "$arm" >"$scratch/log" 2>&1 || { cat "$scratch/log"; fail "64-bit Arm"; }
else
    echo "SKIPPED: 64-bit Arm: its compiler, qemu-aarch64 or Rust's library is missing (rustup target add $arm)"
fi
