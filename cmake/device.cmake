# SPDX-License-Identifier: MIT
# libmobilenet_ethosu_device.so: a /dev/ethosu0 without an NPU, for programs that are started with it (device/).

include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ "features.h" mn_has_glibc) # others declare ioctl() and open64() in other ways
set(mn_device_exports ${PROJECT_SOURCE_DIR}/device/exports.map)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND mn_has_glibc AND mn_has_shared AND mn_has_version_script)
  file(GLOB mn_device_sources CONFIGURE_DEPENDS device/*.c)
  add_library(mobilenet_ethosu_device MODULE ${mn_device_sources})
  set_target_properties(mobilenet_ethosu_device PROPERTIES LINKER_LANGUAGE C)
  mn_target_flags(mobilenet_ethosu_device)
  target_include_directories(mobilenet_ethosu_device PRIVATE include src device)
  target_link_libraries(mobilenet_ethosu_device PRIVATE mobilenet_static Threads::Threads m ${CMAKE_DL_LIBS})
  target_link_options(mobilenet_ethosu_device PRIVATE -Wl,--version-script=${mn_device_exports})
  set_property(TARGET mobilenet_ethosu_device APPEND PROPERTY LINK_DEPENDS ${mn_device_exports})
  mn_leave_out_unused(mobilenet_ethosu_device mobilenet_ethosu_device)
endif()
