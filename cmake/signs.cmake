# SPDX-License-Identifier: MIT
# examples/signs: the program that draws the data set of road signs, and the check that it is not too easy.

find_path(MN_CAIRO_INCLUDE cairo.h PATH_SUFFIXES cairo)
find_library(MN_CAIRO_LIBRARY cairo)
if(NOT JPEG_FOUND OR NOT MN_CAIRO_INCLUDE OR NOT MN_CAIRO_LIBRARY)
  message(WARNING "SKIPPED: the example signs; libraries are missing "
                  "(on Debian: apt-get install libcairo2-dev libjpeg-dev)")
  return()
endif()

file(GLOB mn_signs_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/signs/*.c)
list(FILTER mn_signs_sources EXCLUDE REGEX "/(main|linear)[.]c$")
add_library(signs_drawing STATIC ${mn_signs_sources})
add_executable(signs ${PROJECT_SOURCE_DIR}/examples/signs/main.c)
add_executable(signs_linear ${PROJECT_SOURCE_DIR}/examples/signs/linear.c)
foreach(target signs_drawing signs signs_linear)
  mn_target_flags(${target})
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  target_include_directories(${target} SYSTEM PRIVATE ${MN_CAIRO_INCLUDE})
endforeach()
target_link_libraries(signs_drawing PUBLIC ${MN_CAIRO_LIBRARY} JPEG::JPEG Threads::Threads m)
foreach(program signs signs_linear)
  target_link_libraries(${program} PRIVATE signs_drawing)
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
endforeach()
