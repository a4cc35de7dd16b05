# SPDX-License-Identifier: MIT
# What the toolchains for Linux on other processors share. They set CMAKE_SYSTEM_PROCESSOR, mn_triple, the name of the
# compiler's folders, and mn_qemu, the emulator that runs its programs here.
set(CMAKE_SYSTEM_NAME Linux)
if(NOT CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER ${mn_triple}-gcc)
endif()
# Libraries of the compiler's own folder, or of a system for this processor (scripts/sysroot.sh).
set(CMAKE_LIBRARY_ARCHITECTURE ${mn_triple})
set(mn_root /usr/${mn_triple})
if(CMAKE_SYSROOT)
  set(mn_root ${CMAKE_SYSROOT})
  # The compiler would take start files and the C library from its own folder first. Names of static libraries stay inside
  # ours: programs may have other versions of them.
  set(CMAKE_EXE_LINKER_FLAGS_INIT -B${mn_root}/usr/lib/${mn_triple})
  set(CMAKE_SHARED_LINKER_FLAGS_INIT "-B${mn_root}/usr/lib/${mn_triple} -Wl,--exclude-libs,ALL")
  set(CMAKE_MODULE_LINKER_FLAGS_INIT ${CMAKE_SHARED_LINKER_FLAGS_INIT})
endif()
set(CMAKE_FIND_ROOT_PATH ${mn_root})
find_program(MN_QEMU ${mn_qemu})
if(MN_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${MN_QEMU};-L;${mn_root}")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
