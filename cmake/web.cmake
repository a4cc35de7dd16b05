# SPDX-License-Identifier: MIT
# mobilenet.wasm for JavaScript (web/): a module without a main program, and without what nothing that it exports
# reaches. scripts/web.sh builds it.
add_executable(mobilenet_web EXCLUDE_FROM_ALL web/mobilenet_web.c)
mn_target_flags(mobilenet_web)
target_link_libraries(mobilenet_web PRIVATE mobilenet_static)
# -O0 is for linking alone: otherwise clang has a wasm-opt, if there is one, rewrite what it compiled, and Debian's knows no
# SIMD in a module that does not say so.
target_link_options(mobilenet_web PRIVATE -mexec-model=reactor -Wl,--gc-sections,--strip-all -O0)
set_target_properties(mobilenet_web PROPERTIES OUTPUT_NAME mobilenet SUFFIX .wasm)
