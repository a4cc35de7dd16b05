# SPDX-License-Identifier: MIT
# 64-bit Windows, on Debian: apt-get install gcc-mingw-w64-x86-64 wine64 wine
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(mn_triple x86_64-w64-mingw32)
set(mn_wine wine64 wine)
include(${CMAKE_CURRENT_LIST_DIR}/mingw.cmake)
