# SPDX-License-Identifier: MIT
# What the Python package brings along: the libraries and the command, in the folder of its modules. pyproject.toml
# asks for it.

add_custom_target(python DEPENDS mobilenet_shared mobilenet_image_shared)
# Archives of Python's have no links, so each library has one name: that by which it is linked.
foreach(library mobilenet_shared mobilenet_image_shared)
  set_target_properties(${library} PROPERTIES VERSION ${mn_soversion} INSTALL_RPATH "$ORIGIN")
  install(TARGETS ${library} LIBRARY DESTINATION lib COMPONENT python NAMELINK_SKIP)
endforeach()
if(TARGET mobilenet_command)
  add_dependencies(python mobilenet_command)
  install(TARGETS mobilenet_command RUNTIME DESTINATION lib COMPONENT python)
endif()
