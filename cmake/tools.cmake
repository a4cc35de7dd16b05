# SPDX-License-Identifier: MIT
# The library of the tools and the two commands.

include(CheckCSourceCompiles)

find_package(MPI QUIET COMPONENTS C)
# Debian keeps HDF5 with and without MPI in folders of their own.
find_path(MN_HDF5_INCLUDE hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(MN_HDF5_LIBRARY hdf5 PATH_SUFFIXES hdf5/serial)
find_path(MN_ZIP_INCLUDE zip.h)
find_library(MN_ZIP_LIBRARY zip)
find_path(MN_CJSON_INCLUDE cJSON.h PATH_SUFFIXES cjson)
find_library(MN_CJSON_LIBRARY cjson)

# Sets `out` to Debian's packages of what is missing: mn_list_missing(out FOUND:PACKAGE...)
function(mn_list_missing out)
  set(missing "")
  foreach(need ${ARGN})
    string(REPLACE ":" ";" need ${need})
    list(GET need 0 found)
    list(GET need 1 package)
    if(NOT ${found})
      list(APPEND missing ${package})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES missing)
  set(${out} ${missing} PARENT_SCOPE)
endfunction()

# Says what is left out. Windows lacks all of it.
function(mn_say_missing what)
  if(ARGN AND NOT WIN32)
    list(JOIN ARGN " " packages)
    message(WARNING "SKIPPED: ${what}; libraries are missing (on Debian: apt-get install ${packages})")
  endif()
endfunction()

mn_list_missing(mn_missing_photos JPEG_FOUND:libjpeg-dev PNG_FOUND:libpng-dev MN_WEBP_INCLUDE:libwebp-dev
  MN_WEBP_LIBRARY:libwebp-dev)
mn_say_missing("some kinds of photos" ${mn_missing_photos})
mn_list_missing(mn_missing MN_HDF5_INCLUDE:libhdf5-dev MN_HDF5_LIBRARY:libhdf5-dev MN_ZIP_INCLUDE:libzip-dev
  MN_ZIP_LIBRARY:libzip-dev MN_CJSON_INCLUDE:libcjson-dev MN_CJSON_LIBRARY:libcjson-dev)
mn_say_missing("files of Keras and PyTorch" ${mn_missing})
if(WIN32)
  set(mn_missing "POSIX") # files of Keras are read in a process of their own, which fork() makes
endif()

# HDF5's shared library brings along thirty others, for files on servers, which take most of the time in which a command
# starts. Its static one needs none of them, where there is one that can be linked to a program.
set(mn_hdf5 ${MN_HDF5_LIBRARY})
find_library(MN_HDF5_STATIC NAMES libhdf5.a libhdf5_serial.a PATH_SUFFIXES hdf5/serial)
find_library(MN_SZIP_LIBRARY sz)
find_package(ZLIB)
if(NOT mn_missing AND MN_HDF5_STATIC AND MN_SZIP_LIBRARY AND ZLIB_FOUND)
  set(CMAKE_REQUIRED_INCLUDES ${MN_HDF5_INCLUDE})
  set(CMAKE_REQUIRED_LIBRARIES ${MN_HDF5_STATIC} ${MN_SZIP_LIBRARY} ZLIB::ZLIB ${CMAKE_DL_LIBS} Threads::Threads m)
  check_c_source_compiles("
    #include <hdf5.h>
    int main(void) { return H5Pset_fapl_core(H5Pcreate(H5P_FILE_ACCESS), 1, 0) < 0 || H5open() < 0; }"
    MN_HDF5_STATIC_LINKS)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(MN_HDF5_STATIC_LINKS)
    set(mn_hdf5 ${MN_HDF5_STATIC} ${MN_SZIP_LIBRARY} ZLIB::ZLIB)
  endif()
endif()

set(mn_tool_sources "")
foreach(folder ${mn_tool_folders})
  file(GLOB_RECURSE mn_folder_sources CONFIGURE_DEPENDS src/${folder}/*.c)
  list(APPEND mn_tool_sources ${mn_folder_sources})
endforeach()
set(mn_mpi_source ${PROJECT_SOURCE_DIR}/src/train/mpi_module.c)
list(REMOVE_ITEM mn_tool_sources ${mn_mpi_source})
# Where the commands look for it: absolute, and from their own folder on.
set(mn_modules ${CMAKE_INSTALL_FULL_LIBDIR}/mobilenet)
file(RELATIVE_PATH mn_modules_from_program ${CMAKE_INSTALL_FULL_BINDIR} ${mn_modules})
# Where some are missing, what needs them gives way to a file absent.c in its room, which says so when it is asked.
set(mn_absent_sources ${mn_tool_sources})
list(FILTER mn_absent_sources INCLUDE REGEX "/absent[.]c$")
if(mn_missing)
  list(FILTER mn_tool_sources EXCLUDE REGEX "/src/(archive|keras|torch)/")
  list(APPEND mn_tool_sources ${mn_absent_sources})
  list(REMOVE_DUPLICATES mn_tool_sources)
  set(mn_tool_libraries "")
else()
  list(REMOVE_ITEM mn_tool_sources ${mn_absent_sources})
  set(mn_tool_libraries ${mn_hdf5} ${MN_ZIP_LIBRARY} ${MN_CJSON_LIBRARY})
endif()
list(APPEND mn_tool_libraries Threads::Threads ${CMAKE_DL_LIBS} m)
# What runs on microcontrollers goes into the command as text, too.
file(GLOB mn_mcu_files CONFIGURE_DEPENDS src/kernels/mcu/*.[ch])
set(mn_mcu_text ${CMAKE_CURRENT_BINARY_DIR}/mcu_files.c)
add_custom_command(OUTPUT ${mn_mcu_text} DEPENDS ${mn_mcu_files} cmake/embed.cmake VERBATIM
  COMMAND ${CMAKE_COMMAND} -DOUT=${mn_mcu_text} "-DFILES=${mn_mcu_files}" -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
list(APPEND mn_tool_sources ${mn_mcu_text})
add_library(mobilenet_tools STATIC ${mn_tool_sources})
mn_target_flags(mobilenet_tools)
target_include_directories(mobilenet_tools PUBLIC include src)
target_link_libraries(mobilenet_tools PUBLIC mobilenet_image_static mobilenet_static ${mn_tool_libraries})
set_property(SOURCE src/train/mpi.c APPEND PROPERTY COMPILE_DEFINITIONS
  MN_MODULES="${mn_modules}" MN_MODULES_FROM_PROGRAM="${mn_modules_from_program}")
if(NOT mn_missing)
  target_include_directories(mobilenet_tools SYSTEM PUBLIC ${MN_HDF5_INCLUDE} ${MN_ZIP_INCLUDE} ${MN_CJSON_INCLUDE})
  # Training on several machines; without it `mobilenet train` works on one.
  if(MPI_C_FOUND)
    add_library(mobilenet_mpi MODULE ${mn_mpi_source})
    mn_target_flags(mobilenet_mpi)
    target_include_directories(mobilenet_mpi PRIVATE include src)
    target_link_libraries(mobilenet_mpi PRIVATE MPI::MPI_C)
    set_target_properties(mobilenet_mpi PROPERTIES PREFIX "" SUFFIX .so
      LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    install(TARGETS mobilenet_mpi LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mobilenet)
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
  target_link_libraries(mobilenet_cli PUBLIC mobilenet_tools mobilenet_static Threads::Threads m)
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
mn_add_program(mobilenet cli/main.c)
if(TARGET mobilenet_mpi AND TARGET mobilenet_command)
  add_dependencies(mobilenet_command mobilenet_mpi)
endif()
