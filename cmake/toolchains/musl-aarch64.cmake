# SPDX-License-Identifier: MIT
# Programs for 64-bit Arm that need no library of the system, on Debian: dpkg --add-architecture arm64 && apt-get update &&
# apt-get install gcc-aarch64-linux-gnu musl-dev:arm64 qemu-user
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
endif()
set(CMAKE_C_FLAGS_INIT -specs=/usr/lib/aarch64-linux-musl/musl-gcc.specs)
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
find_program(MN_QEMU qemu-aarch64)
if(MN_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${MN_QEMU})
endif()
# No libraries of the system, which are made for another C library.
set(CMAKE_FIND_ROOT_PATH /usr/lib/aarch64-linux-musl)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
