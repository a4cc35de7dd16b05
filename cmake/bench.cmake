# SPDX-License-Identifier: MIT
# Instruments for whoever works on kernels and on training; not installed.

file(GLOB mn_roofline_sources CONFIGURE_DEPENDS bench/roofline/*.c)
add_executable(roofline ${mn_roofline_sources})
mn_target_flags(roofline)
target_link_libraries(roofline PRIVATE mobilenet_cli)

# train_speed is what bench/train_peers.py runs.
foreach(program train_speed train_products)
  if(TARGET mobilenet_tools)
    add_executable(${program} bench/${program}.c)
    mn_target_flags(${program})
    target_link_libraries(${program} PRIVATE mobilenet_tools)
  endif()
endforeach()
