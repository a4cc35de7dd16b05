# SPDX-License-Identifier: MIT
# libmobilenet_delegate.so: the library as an external delegate of TensorFlow Lite. Programs load it by its file, so it
# holds everything and shows two functions; where linkers cannot hide the rest, there is none.

set(mn_plugin_exports ${PROJECT_SOURCE_DIR}/src/plugin/exports.map)
check_linker_flag(C -Wl,--version-script=${mn_plugin_exports} mn_has_version_script)
set(mn_plugin_targets "")
if(UNIX AND mn_has_shared AND mn_has_version_script AND NOT EMSCRIPTEN)
  file(GLOB mn_plugin_sources CONFIGURE_DEPENDS src/plugin/*.c)
  add_library(mobilenet_plugin STATIC ${mn_plugin_sources}) # also for tests/failing
  mn_target_flags(mobilenet_plugin)
  target_include_directories(mobilenet_plugin PRIVATE include src)
  set_target_properties(mobilenet_plugin PROPERTIES POSITION_INDEPENDENT_CODE ON)
  add_library(mobilenet_delegate MODULE $<TARGET_OBJECTS:mobilenet_plugin>)
  set_target_properties(mobilenet_delegate PROPERTIES LINKER_LANGUAGE C)
  mn_target_sanitizers(mobilenet_delegate)
  target_link_libraries(mobilenet_delegate PRIVATE mobilenet_static Threads::Threads m)
  target_link_options(mobilenet_delegate PRIVATE -Wl,--version-script=${mn_plugin_exports})
  set_property(TARGET mobilenet_delegate APPEND PROPERTY LINK_DEPENDS ${mn_plugin_exports})
  mn_leave_out_unused(mobilenet_plugin mobilenet_delegate)
  list(APPEND mn_plugin_targets mobilenet_delegate)
endif()
