# SPDX-License-Identifier: MIT
# WebAssembly with JavaScript, on Debian: apt-get install emscripten nodejs
# Programs read the files of the folder they are called in, which takes Node.js, without the fetch() of its later releases,
# with which programs of Emscripten before 3.1.8 look for themselves in the network.
include(/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sTOTAL_STACK=1048576 -sEXIT_RUNTIME=1")
find_program(MN_NODE NAMES node nodejs)
set(CMAKE_CROSSCOMPILING_EMULATOR "${MN_NODE};--no-experimental-fetch")
