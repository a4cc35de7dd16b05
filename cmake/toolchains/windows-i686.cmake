# SPDX-License-Identifier: MIT
# 32-bit Windows, on Debian: dpkg --add-architecture i386 && apt-get install gcc-mingw-w64-i686 wine wine32:i386
set(CMAKE_SYSTEM_PROCESSOR i686)
set(mn_triple i686-w64-mingw32)
set(mn_wine wine)
include(${CMAKE_CURRENT_LIST_DIR}/mingw.cmake)
