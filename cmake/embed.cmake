# SPDX-License-Identifier: MIT
# Writes files as text into a C file, for src/mcu/files.h: cmake -DOUT=FILE.c -DFILES="a;b" -P embed.cmake
set(arrays "")
set(entries "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x0a,)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "\n/* ${name} */\nstatic const char file_${number}[] = {\n${bytes}};\n")
  string(APPEND entries "    {\"${name}\", file_${number}, sizeof file_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "#include \"mcu/files.h\"\n${arrays}\nconst mn_mcu_file mn_mcu_files[] = {\n${entries}};\n"
  "const int32_t mn_mcu_file_count = ${number};\n")
