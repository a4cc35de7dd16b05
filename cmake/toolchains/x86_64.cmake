# SPDX-License-Identifier: MIT
# 64-bit x86 in a root of its own (CMAKE_SYSROOT), for wheels
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(mn_triple x86_64-linux-gnu)
set(mn_qemu qemu-x86_64)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
