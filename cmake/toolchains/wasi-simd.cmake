# SPDX-License-Identifier: MIT
# WebAssembly with WASI and vectors of 128 bits; packages as for wasi.cmake.
include(${CMAKE_CURRENT_LIST_DIR}/wasi.cmake)
set(CMAKE_C_FLAGS_INIT -msimd128)
