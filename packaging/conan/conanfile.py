# SPDX-License-Identifier: MIT
"""The library for Conan 2. The commands are built where the option `tools` asks for them."""

import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get, rm, rmdir

required_conan_version = ">=2.0"


class MobilenetConan(ConanFile):
    name = "mobilenet"
    description = "MobileNet image classifiers in plain C: runs .tflite models in int8, uint8 and float32"
    license = "MIT"
    topics = ("mobilenet", "tflite", "inference", "quantization", "image-classification")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "photos": [True, False], "tools": [True, False]}
    default_options = {"shared": False, "fPIC": True, "photos": True, "tools": False}
    languages = ["C"]
    implements = ["auto_shared_fpic"]

    def requirements(self):
        if self.options.photos:
            self.requires("libjpeg-turbo/[>=2.1 <4]")
            self.requires("libpng/[>=1.6 <2]")
            self.requires("libwebp/[>=1.2 <2]")

    def layout(self):
        cmake_layout(self, src_folder="src")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["MN_IMAGE"] = bool(self.options.photos)
        toolchain.cache_variables["MN_TOOLS"] = bool(self.options.tools)
        toolchain.cache_variables["MN_TESTS"] = False
        toolchain.cache_variables["MN_WERROR"] = False
        toolchain.cache_variables["CMAKE_DISABLE_FIND_PACKAGE_MPI"] = True
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build(target="installed")

    def package(self):
        for name in ("LICENSE", "NOTICE"):
            copy(self, name, self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        for folder in ("share", os.path.join("lib", "cmake"), os.path.join("lib", "pkgconfig")):
            rmdir(self, os.path.join(self.package_folder, folder))
        # Both kinds are always built; a package has one.
        for pattern in ("*.a", "*.lib") if self.options.shared else ("*.so*", "*.dylib*", "*.dll*"):
            rm(self, pattern, self.package_folder, recursive=True)

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "mobilenet")
        core = self.cpp_info.components["core"]
        core.libs = ["mobilenet"]
        core.set_property("cmake_target_name", "mobilenet::mobilenet" if self.options.shared else "mobilenet::static")
        core.set_property("pkg_config_name", "mobilenet")
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread", "m", "dl"]
        image = self.cpp_info.components["image"]
        image.libs = ["mobilenet_image"]
        image.set_property(
            "cmake_target_name", "mobilenet::image" if self.options.shared else "mobilenet::image_static"
        )
        image.set_property("pkg_config_name", "mobilenet_image")
        image.requires = ["core"]
        if self.options.photos:
            image.requires += ["libjpeg-turbo::jpeg", "libpng::libpng", "libwebp::webp"]
