# SPDX-License-Identifier: MIT
# The library of the tools and the two commands.

find_package(JPEG)
find_package(PNG)
find_package(MPI QUIET COMPONENTS C)
# Debian keeps HDF5 with and without MPI in folders of their own.
find_path(MN_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(MN_HDF5_LIBRARY hdf5 PATH_SUFFIXES hdf5/serial)
find_path(MN_ZIP_INCLUDE zip.h)
find_library(MN_ZIP_LIBRARY zip)
find_path(MN_CJSON_INCLUDE cJSON.h PATH_SUFFIXES cjson)
find_library(MN_CJSON_LIBRARY cjson)

# Each library that is not ours: what says that it is there, and Debian's package.
set(mn_missing "")
foreach(need JPEG_FOUND:libjpeg-dev PNG_FOUND:libpng-dev MN_HDF5_INCLUDE:libhdf5-dev
    MN_HDF5_LIBRARY:libhdf5-dev MN_ZIP_INCLUDE:libzip-dev MN_ZIP_LIBRARY:libzip-dev MN_CJSON_INCLUDE:libcjson-dev
    MN_CJSON_LIBRARY:libcjson-dev)
  string(REPLACE ":" ";" need ${need})
  list(GET need 0 found)
  list(GET need 1 package)
  if(NOT ${found})
    list(APPEND mn_missing ${package})
  endif()
endforeach()
list(REMOVE_DUPLICATES mn_missing)

set(mn_tool_sources "")
foreach(room ${mn_tool_rooms})
  file(GLOB_RECURSE mn_room_sources CONFIGURE_DEPENDS src/${room}/*.c)
  list(APPEND mn_tool_sources ${mn_room_sources})
endforeach()
if(mn_missing)
  list(JOIN mn_missing " " mn_missing)
  message(WARNING "SKIPPED: the command mobilenet and what it is made of; libraries are missing "
                  "(on Debian: apt-get install ${mn_missing})")
else()
  add_library(mobilenet_tools STATIC ${mn_tool_sources})
  mn_target_flags(mobilenet_tools)
  target_include_directories(mobilenet_tools PUBLIC include src)
  target_include_directories(mobilenet_tools SYSTEM PUBLIC
    ${MN_HDF5_INCLUDE} ${MN_ZIP_INCLUDE} ${MN_CJSON_INCLUDE})
  target_link_libraries(mobilenet_tools PUBLIC mobilenet_static JPEG::JPEG PNG::PNG ${MN_HDF5_LIBRARY}
    ${MN_ZIP_LIBRARY} ${MN_CJSON_LIBRARY} Threads::Threads m)
  # Training on several machines; without it `mobilenet train` works on one.
  if(MPI_C_FOUND)
    target_compile_definitions(mobilenet_tools PRIVATE MN_HAVE_MPI)
    target_link_libraries(mobilenet_tools PUBLIC MPI::MPI_C)
  endif()
endif()

# The programs cli/main.c (mobilenet) and cli/benchmark_model.c, and what they are made of; cli/ is on the include
# path.
file(GLOB_RECURSE mn_cli_sources CONFIGURE_DEPENDS cli/*.c)
list(REMOVE_ITEM mn_cli_sources ${PROJECT_SOURCE_DIR}/cli/main.c ${PROJECT_SOURCE_DIR}/cli/benchmark_model.c)
if(mn_cli_sources)
  add_library(mobilenet_cli STATIC ${mn_cli_sources})
  mn_target_flags(mobilenet_cli)
  target_include_directories(mobilenet_cli PUBLIC cli include src)
  target_link_libraries(mobilenet_cli PUBLIC $<$<TARGET_EXISTS:mobilenet_tools>:mobilenet_tools> mobilenet_static
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
if(TARGET mobilenet_tools)
  mn_add_program(mobilenet cli/main.c)
endif()
