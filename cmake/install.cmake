# SPDX-License-Identifier: MIT
# Install rules, pkg-config files and CMake package: find_package(mobilenet) gives mobilenet::mobilenet (shared) and
# mobilenet::static, and with its component `image` also mobilenet::image and mobilenet::image_static.

include(CMakePackageConfigHelpers)

install(FILES include/mobilenet.h include/mobilenet_inspect.h include/mobilenet_classify.h include/mobilenet_delegate.h
  include/mobilenet_image.h include/mobilenet.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ${mn_libraries} EXPORT mobilenet-targets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ${mn_image_targets} EXPORT mobilenet-image-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Programs name its file, so it lies where modules do, not where linkers look.
install(TARGETS ${mn_plugin_targets} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mobilenet)
foreach(tool mobilenet_command benchmark_model_command)
  if(TARGET ${tool})
    install(TARGETS ${tool} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
# All that is installed and built, so that less than everything can be built and installed (recipe.sh).
set(mn_installed ${mn_libraries} ${mn_image_targets} ${mn_plugin_targets})
foreach(target mobilenet_command benchmark_model_command mobilenet_mpi)
  if(TARGET ${target})
    list(APPEND mn_installed ${target})
  endif()
endforeach()
add_custom_target(installed DEPENDS ${mn_installed})
file(GLOB mn_manuals CONFIGURE_DEPENDS docs/man/*.1)
if(MN_TOOLS AND mn_manuals)
  install(FILES ${mn_manuals} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
foreach(tool mobilenet benchmark_model)
  if(TARGET ${tool}_command AND UNIX)
    install(FILES cli/completions/${tool}.bash RENAME ${tool}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
    install(FILES cli/completions/${tool}.zsh RENAME _${tool}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
    install(FILES cli/completions/${tool}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
  endif()
endforeach()
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(mn_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mobilenet)
configure_package_config_file(cmake/mobilenet-config.cmake.in mobilenet-config.cmake
  INSTALL_DESTINATION ${mn_package_dir})
write_basic_package_version_file(mobilenet-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mobilenet-config.cmake ${PROJECT_BINARY_DIR}/mobilenet-config-version.cmake
  DESTINATION ${mn_package_dir})
install(EXPORT mobilenet-targets NAMESPACE mobilenet:: DESTINATION ${mn_package_dir})
install(EXPORT mobilenet-image-targets NAMESPACE mobilenet:: DESTINATION ${mn_package_dir})

# The .pc files find the prefix from their own place, so that an installed tree can be moved.
file(RELATIVE_PATH mn_pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" mn_pc_prefix "${mn_pc_prefix}")
set(mn_pc_codecs "")
foreach(codec ${mn_image_codecs})
  string(TOLOWER ${codec} codec)
  string(APPEND mn_pc_codecs " -l${codec}")
endforeach()
set(mn_pc_dl "") # where loading libraries is in a library of its own
if(CMAKE_DL_LIBS)
  set(mn_pc_dl " -l${CMAKE_DL_LIBS}")
endif()
foreach(package mobilenet mobilenet_image)
  configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
