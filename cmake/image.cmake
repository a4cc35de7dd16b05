# SPDX-License-Identifier: MIT
# libmobilenet_image: photos in files. It is there in every build, so that programs need not ask: what was left out is
# refused by its functions, in a sentence that names MN_IMAGE.

find_package(JPEG)
find_package(PNG)
find_path(MN_WEBP_INCLUDE webp/decode.h)
find_library(MN_WEBP_LIBRARY webp)

set(mn_image_default OFF)
if(JPEG_FOUND AND PNG_FOUND)
  set(mn_image_default ON)
endif()
option(MN_IMAGE "Read JPEG, PNG and (where libwebp is) WebP in libmobilenet_image" ${mn_image_default})
if(MN_IMAGE AND NOT mn_image_default)
  message(FATAL_ERROR "MN_IMAGE needs libjpeg-turbo and libpng (on Debian: apt-get install libjpeg-dev libpng-dev)")
endif()

file(GLOB mn_image_sources CONFIGURE_DEPENDS src/decode/*.c)
set(mn_image_codecs "")
set(mn_image_libraries "")
set(mn_image_includes "") # those that are no targets' own
if(MN_IMAGE)
  list(APPEND mn_image_codecs JPEG PNG)
  list(APPEND mn_image_libraries JPEG::JPEG PNG::PNG)
  if(MN_WEBP_INCLUDE AND MN_WEBP_LIBRARY)
    list(APPEND mn_image_codecs WEBP)
    # Not where it lies here, but by name in what is installed, for machines where it lies elsewhere.
    list(APPEND mn_image_libraries $<BUILD_INTERFACE:${MN_WEBP_LIBRARY}>$<INSTALL_INTERFACE:webp>)
    list(APPEND mn_image_includes ${MN_WEBP_INCLUDE})
  endif()
endif()
foreach(codec JPEG PNG WEBP)
  string(TOLOWER ${codec} file)
  if(NOT codec IN_LIST mn_image_codecs)
    list(FILTER mn_image_sources EXCLUDE REGEX "/${file}\\.c$")
  endif()
endforeach()

add_library(mobilenet_image_objects OBJECT ${mn_image_sources})
mn_target_flags(mobilenet_image_objects)
target_include_directories(mobilenet_image_objects PRIVATE include src)
set_target_properties(mobilenet_image_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
foreach(codec ${mn_image_codecs})
  target_compile_definitions(mobilenet_image_objects PRIVATE MN_HAS_${codec})
endforeach()
target_link_libraries(mobilenet_image_objects PRIVATE ${mn_image_libraries})
target_include_directories(mobilenet_image_objects SYSTEM PRIVATE ${mn_image_includes})

add_library(mobilenet_image_static STATIC $<TARGET_OBJECTS:mobilenet_image_objects>)
set_target_properties(mobilenet_image_static PROPERTIES OUTPUT_NAME mobilenet_image EXPORT_NAME image_static
  LINKER_LANGUAGE C)
mn_target_sanitizers(mobilenet_image_static)
target_link_libraries(mobilenet_image_static PUBLIC mobilenet_static PRIVATE ${mn_image_libraries})
add_library(mobilenet::image_static ALIAS mobilenet_image_static)
set(mn_image_targets mobilenet_image_static)

if(UNIX AND mn_has_shared)
  add_library(mobilenet_image_shared SHARED $<TARGET_OBJECTS:mobilenet_image_objects>)
  get_target_property(mn_soversion mobilenet_shared SOVERSION)
  set_target_properties(mobilenet_image_shared PROPERTIES OUTPUT_NAME mobilenet_image EXPORT_NAME image
    VERSION ${PROJECT_VERSION} SOVERSION ${mn_soversion} LINKER_LANGUAGE C)
  mn_target_sanitizers(mobilenet_image_shared)
  # From libmobilenet what it exports; what it does not, such as reading files, once more from the static one.
  target_link_libraries(mobilenet_image_shared PUBLIC mobilenet_shared
    PRIVATE $<TARGET_FILE:mobilenet_static> ${mn_image_libraries} m)
  add_dependencies(mobilenet_image_shared mobilenet_static)
  mn_leave_out_unused(mobilenet_image_objects mobilenet_image_shared)
  add_library(mobilenet::image ALIAS mobilenet_image_shared)
  list(PREPEND mn_image_targets mobilenet_image_shared)
endif()
