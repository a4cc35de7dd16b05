# SPDX-License-Identifier: MIT
# 32-bit Arm with floating point, on Debian: apt-get install gcc-arm-linux-gnueabihf qemu-user
set(CMAKE_SYSTEM_PROCESSOR arm)
set(mn_triple arm-linux-gnueabihf)
set(mn_qemu qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
