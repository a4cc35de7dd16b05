# SPDX-License-Identifier: MIT
"""Do programs that use the package build, and run?"""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class TestPackageConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"
    languages = ["C"]

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        options = self.dependencies["mobilenet"].options
        photos = "image" if options.shared else "image_static"
        cmake = CMake(self)
        cmake.configure(
            variables={
                "MN_TARGET": "mobilenet" if options.shared else "static",
                "MN_PHOTOS": photos if options.photos else "",
            }
        )
        cmake.build()

    def test(self):
        if can_run(self):
            for program in ["uses_mobilenet"] + ["uses_photos"] * bool(self.dependencies["mobilenet"].options.photos):
                self.run(os.path.join(self.cpp.build.bindir, program), env="conanrun")
