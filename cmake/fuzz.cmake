# SPDX-License-Identifier: MIT
# One libFuzzer target per fuzz/fuzz_*.c.

if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "MN_FUZZ needs clang: configure with the preset fuzz, or -DCMAKE_C_COMPILER=clang")
endif()
file(GLOB mn_fuzz_sources CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${mn_fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  mn_target_flags(${name})
  target_include_directories(${name} PRIVATE include src)
  target_link_libraries(${name} PRIVATE $<$<TARGET_EXISTS:mobilenet_tools>:mobilenet_tools> mobilenet_static)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
