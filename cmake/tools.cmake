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

# The programs cli/main.c (mobilenet) and cli/benchmark_model.c, and what they are made of; cli/ is on the include
# path.
file(GLOB_RECURSE mn_cli_sources CONFIGURE_DEPENDS cli/*.c)
list(REMOVE_ITEM mn_cli_sources ${PROJECT_SOURCE_DIR}/cli/main.c ${PROJECT_SOURCE_DIR}/cli/benchmark_model.c)
if(mn_cli_sources)
  add_library(mobilenet_cli STATIC ${mn_cli_sources})
  mn_target_flags(mobilenet_cli)
  target_include_directories(mobilenet_cli PUBLIC cli include src)
  target_link_libraries(mobilenet_cli PUBLIC $<$<TARGET_EXISTS:mobilenet_image>:mobilenet_image> mobilenet_static
    Threads::Threads m)
endif()

function(mn_add_program name source)
  if(MN_TOOLS AND EXISTS ${PROJECT_SOURCE_DIR}/${source})
    add_executable(${name}_command ${source})
    mn_target_flags(${name}_command)
    set_target_properties(${name}_command PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    target_link_libraries(${name}_command PRIVATE mobilenet_cli)
  endif()
endfunction()

mn_add_program(benchmark_model cli/benchmark_model.c)
if(TARGET mobilenet_image)
  mn_add_program(mobilenet cli/main.c)
endif()
