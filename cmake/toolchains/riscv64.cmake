# SPDX-License-Identifier: MIT
# 64-bit RISC-V, on Debian: apt-get install gcc-riscv64-linux-gnu qemu-user
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(mn_triple riscv64-linux-gnu)
set(mn_qemu qemu-riscv64)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
