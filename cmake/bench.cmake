# SPDX-License-Identifier: MIT
# The program roofline, an instrument for whoever works on kernels; not installed.

file(GLOB mn_roofline_sources CONFIGURE_DEPENDS bench/roofline/*.c)
add_executable(roofline ${mn_roofline_sources})
mn_target_flags(roofline)
target_link_libraries(roofline PRIVATE mobilenet_cli)
