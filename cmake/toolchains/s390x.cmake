# SPDX-License-Identifier: MIT
# IBM Z, which is big-endian, on Debian: apt-get install gcc-s390x-linux-gnu qemu-user
set(CMAKE_SYSTEM_PROCESSOR s390x)
set(mn_triple s390x-linux-gnu)
set(mn_qemu qemu-s390x)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
