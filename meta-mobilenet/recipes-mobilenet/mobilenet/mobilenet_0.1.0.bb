SUMMARY = "MobileNet classifiers in plain C"
DESCRIPTION = "Runs image classifiers of the MobileNet family from .tflite files, in int8, uint8 and float32, with kernels for several processors that are chosen when it starts."
SECTION = "libs"
LICENSE = "MIT & WordNet"
LIC_FILES_CHKSUM = "file://LICENSE;md5=05d9c9b982ab8f45e3f786bae9338dc8 \
                    file://NOTICE;md5=b7b098ffaa12686f92cabaebb6ab0b00"
NO_GENERIC_LICENSE[WordNet] = "NOTICE"
DEPENDS = "jpeg libpng libwebp"
SRC_URI = ""

inherit cmake externalsrc pkgconfig

# The tree that this layer lies in.
EXTERNALSRC = "${THISDIR}/../../.."
EXTERNALSRC_BUILD = "${WORKDIR}/build"

# The kernels need -O3, as docs/porting.md says.
EXTRA_OECMAKE += "-DCMAKE_BUILD_TYPE=Release -DMN_TESTS=OFF -DMN_WERROR=OFF -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON"

PACKAGES =+ "${PN}-tools"
FILES:${PN}-tools += "${bindir}"
