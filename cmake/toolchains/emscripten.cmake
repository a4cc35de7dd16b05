# SPDX-License-Identifier: MIT
# WebAssembly with JavaScript, on Debian: apt-get install emscripten
# Programs read the files of the folder they are called in, which takes Node.js.
include(/usr/share/emscripten/cmake/Modules/Platform/Emscripten.cmake)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sSTACK_SIZE=1048576 -sEXIT_RUNTIME=1")
