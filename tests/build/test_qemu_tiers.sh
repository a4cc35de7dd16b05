#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On emulated processors with fewer instructions than this one: what they lack is neither chosen nor executed, what they
# have is right, and whole models give the same bytes.
source tests/build/common.sh
source tests/build/emulated.sh

[[ $(uname -m) == x86_64 ]] || skip "the emulated processors are x86-64 ones"
need qemu-x86_64
check=$MN_BUILD/tests/checkkernels
mobilenet=$MN_BUILD/mobilenet
native=$mobilenet
[[ -x $check ]] || skip "$check is not built"

emulator=(qemu-x86_64)

# Minutes, so only where ./test.sh --all asks for it.
if [[ -n ${MN_LONG_TESTS:-} ]]; then
    kernels Nehalem portable 'avx.*'
    kernels Haswell 'portable|avx2' 'avxvnni|avx512.*|amx'
fi
[[ -x $mobilenet ]] || skip "$mobilenet is not built, the rest passed"
refuses Nehalem 'ref portable' avx2
refuses Haswell 'ref portable avx2' avx512
for type in int8 uint8; do
    file=tests/golden/tiny_v2_$type.tflite
    model Nehalem portable "$file" 3072 0
    model Haswell avx2 "$file" 3072 0
done
