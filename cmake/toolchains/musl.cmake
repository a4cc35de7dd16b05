# SPDX-License-Identifier: MIT
# Programs for this processor that need no library of the system, on Debian: apt-get install musl-tools
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_HOST_SYSTEM_PROCESSOR})
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER musl-gcc)
endif()
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
# No libraries of the system, which are made for another C library.
set(CMAKE_FIND_ROOT_PATH /usr/lib/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-musl)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
