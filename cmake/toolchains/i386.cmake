# SPDX-License-Identifier: MIT
# 32-bit x86, on Debian: apt-get install gcc-i686-linux-gnu
# or, where the host's compiler can do it, -m32. Debian's gcc-multilib, which brings the headers for that, goes with no
# cross-compiler; libc6-dev-i386 and lib32gcc-12-dev do, and the host's headers serve for what they lack.
set(CMAKE_SYSTEM_PROCESSOR i686)
set(mn_triple i686-linux-gnu)
find_program(MN_I686_GCC ${mn_triple}-gcc)
if(NOT MN_I686_GCC)
  set(CMAKE_C_COMPILER gcc)
  set(CMAKE_C_FLAGS_INIT "-m32 -idirafter /usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu")
endif()
set(mn_qemu qemu-i386)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
# An x86-64 processor runs such programs itself, which is quicker, and right: in qemu 7.2 threads with atomic numbers of 64
# bits wait for ever.
if(CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "x86_64")
  unset(CMAKE_CROSSCOMPILING_EMULATOR)
  if(MN_I686_GCC)
    set(CMAKE_CROSSCOMPILING_EMULATOR
      "/usr/${mn_triple}/lib/ld-linux.so.2;--library-path;/usr/${mn_triple}/lib")
  endif()
endif()
