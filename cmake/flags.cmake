# SPDX-License-Identifier: MIT
# Compiler flags of every target: warnings, reproducible float arithmetic, sanitizers.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

string(REPLACE "," ";" mn_sanitizers "${MN_SANITIZE}")
foreach(name ${mn_sanitizers})
  if(NOT name MATCHES "^(address|undefined|thread)$")
    message(FATAL_ERROR "MN_SANITIZE: unknown sanitizer '${name}'; use address, undefined or thread")
  endif()
endforeach()
set(mn_sanitize_flags "")
if(mn_sanitizers)
  list(JOIN mn_sanitizers "," mn_sanitizer_list)
  set(mn_sanitize_flags -fsanitize=${mn_sanitizer_list})
endif()
# A third of gcc's time for unrolled kernels; wrong pointers that are used are the address sanitizer's to find.
if(mn_sanitizers STREQUAL "address;undefined")
  list(APPEND mn_sanitize_flags -fno-sanitize=pointer-overflow,object-size)
endif()
# Another third of it: from so many accesses in a function on, each is checked by a call, not in place.
if("address" IN_LIST mn_sanitizers AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND mn_sanitize_flags --param=asan-instrumentation-with-call-threshold=200)
endif()
# The large programs that sanitizers make are linked in less than half the time by gold.
include(CheckLinkerFlag)
check_linker_flag(C -fuse-ld=gold mn_has_gold)
set(mn_sanitize_linker $<$<BOOL:${mn_has_gold}>:-fuse-ld=gold>)

# Instruments `target`. Linking PUBLIC would leak into installed packages, so each target asks for itself.
function(mn_target_sanitizers target)
  if(mn_sanitize_flags)
    target_compile_options(${target} PRIVATE ${mn_sanitize_flags} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE ${mn_sanitize_flags} ${mn_sanitize_linker})
  endif()
endfunction()

# 32-bit x86's older registers keep more digits of floats than the reference has.
set(mn_processor_flags "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "86" AND CMAKE_SIZEOF_VOID_P EQUAL 4 AND NOT EMSCRIPTEN)
  set(mn_processor_flags -msse2 -mfpmath=sse)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "s390x" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(mn_processor_flags -fexcess-precision=fast) # with -std=c11 gcc computes floats as doubles there
endif()

function(mn_target_flags target)
  # A fused multiply-add would change float results from one processor to the next.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes $<$<BOOL:${MN_WERROR}>:-Werror> -ffp-contract=off -fvisibility=hidden
    ${mn_processor_flags})
  # Without it 32-bit processors can neither open large files nor list folders of file systems with large numbers.
  # Windows' own printf knows no %zu; MinGW brings another one.
  target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64 $<$<BOOL:${MINGW}>:__USE_MINGW_ANSI_STDIO=1>)
  # MinGW's isfinite() and isnan() narrow in the branch that is not taken.
  target_compile_options(${target} PRIVATE $<$<BOOL:${MINGW}>:-Wno-float-conversion>)
  # gcc's two guesses that are wrong here, from one optimisation level to the next: sentences are cut to their buffers
  # on purpose, and an output is set whenever the status says so.
  target_compile_options(${target} PRIVATE
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation -Wno-maybe-uninitialized -Wno-psabi>)
  if(MN_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  mn_target_sanitizers(${target})
endfunction()

# In releases, code that runs once for a model is compiled for size; reading it, the scalar kernels, which others
# replace, without what -O3 unrolls and doubles; portable kernels with many loops in vectors, but each of them once. 90 KB
# less, no slower but for 8-bit MAXIMUM and MINIMUM.
function(mn_small_sources)
  file(GLOB once CONFIGURE_DEPENDS src/backend/*.c src/base/*.c src/classify/*.c src/graph/*.c src/image/p*.c src/plan/*.c
    src/plugin/*.c src/session/*.c)
  list(FILTER once EXCLUDE REGEX "/image/passes.*\\.c$")
  # With -Os gcc clears memory a byte at a time.
  list(FILTER once EXCLUDE REGEX "/base/(thread|region|pages_.*)\\.c$")
  set_source_files_properties(${once} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)
  file(GLOB plain CONFIGURE_DEPENDS src/tflite/*.c src/kernels/ref/*.c src/kernels/x86/spans_q8.c)
  list(FILTER plain EXCLUDE REGEX "/tflite/read_tensor\\.c$")
  set_source_files_properties(${plain} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-O2>)
  set(vectors -O2 $<$<C_COMPILER_ID:GNU>:-ftree-vectorize> $<$<C_COMPILER_ID:GNU>:-fvect-cost-model=dynamic>)
  set(many binary hybrid pack quantize)
  list(TRANSFORM many REPLACE "(.+)" "src/kernels/portable/\\1.c")
  set_source_files_properties(${many} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:${vectors}>")
endfunction()

# Leaves out of a shared library what nothing that it exports can reach, such as writing models.
check_linker_flag(C -Wl,--gc-sections mn_has_gc_sections)
function(mn_leave_out_unused objects library)
  if(mn_has_gc_sections)
    target_compile_options(${objects} PRIVATE -ffunction-sections -fdata-sections)
    target_link_options(${library} PRIVATE -Wl,--gc-sections)
  endif()
endfunction()
