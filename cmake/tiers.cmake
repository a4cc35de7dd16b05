# SPDX-License-Identifier: MIT
# MN_TIERS: which tiers of kernels the libraries have. Left out are the rows of the others in the table of kernels; their
# code goes with --gc-sections, since nothing else names it. Tiers of other processor families may be named for nothing.

set(MN_TIERS "" CACHE STRING "Kernel tiers to build, separated by semicolons; empty: all (src/kernels/tiers.def)")

set(mn_tiers_def ${CMAKE_CURRENT_SOURCE_DIR}/src/kernels/tiers.def)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${mn_tiers_def})
file(STRINGS ${mn_tiers_def} mn_tier_lines REGEX "^TIER\\(")
# "ref" computes constants and everything that no other does; "portable" comes before it wherever a tier has no kernel
# or refuses the parameters, else a layer might take a hundred times as long. Who asks for "ref" alone gets it alone.
set(mn_tiers_built ref ${MN_TIERS})
if(NOT MN_TIERS STREQUAL "ref")
  list(APPEND mn_tiers_built portable)
endif()
set(mn_tier_names "")
foreach(line ${mn_tier_lines})
  string(REGEX MATCH "^TIER\\(([A-Z0-9_]+), *\"([a-z0-9]+)\"" unused "${line}")
  list(APPEND mn_tier_names ${CMAKE_MATCH_2})
  if(MN_TIERS AND NOT CMAKE_MATCH_2 IN_LIST mn_tiers_built)
    # MN_TIER_BUILT in src/kernels/tier.h; two files ask, and one whether to ask the system for AMX.
    set_property(SOURCE src/base/cpu.c src/kernels/registry.c src/kernels/tier.c APPEND PROPERTY
      COMPILE_DEFINITIONS "${CMAKE_MATCH_1}_LEFT_OUT=,0")
  endif()
endforeach()
foreach(name ${MN_TIERS})
  if(NOT name IN_LIST mn_tier_names)
    list(REMOVE_DUPLICATES mn_tier_names)
    list(JOIN mn_tier_names ", " mn_tier_names)
    message(FATAL_ERROR "MN_TIERS: unknown tier '${name}'; use some of ${mn_tier_names}")
  endif()
endforeach()
