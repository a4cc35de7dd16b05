# SPDX-License-Identifier: MIT
# 64-bit Arm, on Debian: apt-get install gcc-aarch64-linux-gnu qemu-user
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(mn_triple aarch64-linux-gnu)
set(mn_qemu qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
