# SPDX-License-Identifier: MIT
# What the toolchains for Windows share. They set CMAKE_SYSTEM_PROCESSOR, mn_triple, the name of the compiler's folders,
# and mn_wine, the names of what runs its programs here.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER ${mn_triple}-gcc)
set(CMAKE_RC_COMPILER ${mn_triple}-windres)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static") # no libraries of the compiler beside the programs
find_program(MN_WINE NAMES ${mn_wine})
if(MN_WINE)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${MN_WINE})
endif()
set(CMAKE_FIND_ROOT_PATH /usr/${mn_triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
