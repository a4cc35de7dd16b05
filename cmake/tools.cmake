# SPDX-License-Identifier: MIT
# The image library and the two commands.

find_package(JPEG)
find_package(PNG)
file(GLOB_RECURSE mn_image_sources CONFIGURE_DEPENDS src/image/*.c)
if(NOT JPEG_FOUND OR NOT PNG_FOUND)
  message(WARNING "SKIPPED: images and the command mobilenet; libjpeg or libpng is missing "
                  "(on Debian: apt-get install libjpeg-dev libpng-dev)")
elseif(mn_image_sources)
  add_library(mobilenet_image STATIC ${mn_image_sources})
  mn_target_flags(mobilenet_image)
  target_include_directories(mobilenet_image PUBLIC include src)
  target_link_libraries(mobilenet_image PUBLIC mobilenet_static JPEG::JPEG PNG::PNG m)
endif()

# What both commands share; cli/ is on their include path.
file(GLOB mn_cli_sources CONFIGURE_DEPENDS cli/*.c)
file(GLOB mn_common_sources CONFIGURE_DEPENDS cli/common/*.c)
set(mn_benchmark_sources ${mn_cli_sources})
list(FILTER mn_benchmark_sources INCLUDE REGEX "/benchmark_model[^/]*$")
list(FILTER mn_cli_sources EXCLUDE REGEX "/benchmark_model[^/]*$")

function(mn_add_tool target output)
  add_executable(${target} ${ARGN})
  mn_target_flags(${target})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_include_directories(${target} PRIVATE include src cli)
  target_link_libraries(${target} PRIVATE mobilenet_static Threads::Threads m)
endfunction()

if(MN_TOOLS AND mn_benchmark_sources)
  mn_add_tool(benchmark_model benchmark_model ${mn_benchmark_sources} ${mn_common_sources})
endif()
if(MN_TOOLS AND mn_cli_sources AND TARGET mobilenet_image)
  mn_add_tool(mobilenet_command mobilenet ${mn_cli_sources} ${mn_common_sources})
  target_link_libraries(mobilenet_command PRIVATE mobilenet_image)
endif()
