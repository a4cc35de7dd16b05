# nooelint: oelint.var.mandatoryvar.HOMEPAGE
# There is no home page yet.
SUMMARY = "MobileNet classifiers in plain C"
DESCRIPTION = "Runs image classifiers of the MobileNet family from .tflite files, in int8, uint8 and float32, with kernels for several processors that are chosen when it starts."
SECTION = "libs"
LICENSE = "MIT & WordNet"
LIC_FILES_CHKSUM = "file://LICENSE;md5=05d9c9b982ab8f45e3f786bae9338dc8 \
                    file://NOTICE;md5=68d1f7d444ff8b706c55610e47cfcec8"
NO_GENERIC_LICENSE[WordNet] = "NOTICE"
SRC_URI = ""

inherit cmake externalsrc pkgconfig

# The tree that this layer lies in.
EXTERNALSRC = "${THISDIR}/../../.."
EXTERNALSRC_BUILD = "${WORKDIR}/build"

# Files of Keras and PyTorch take recipes of meta-oe.
PACKAGECONFIG ??= "photos"
PACKAGECONFIG[photos] = "-DMN_IMAGE=ON,-DMN_IMAGE=OFF,jpeg libpng libwebp"
PACKAGECONFIG[keras] = ",,cjson hdf5 libzip"

EXTRA_OECMAKE += "-DMN_TESTS=OFF -DMN_WERROR=OFF -DCMAKE_DISABLE_FIND_PACKAGE_MPI=ON"
OECMAKE_TARGET_COMPILE = "installed"
# The kernels need it, as docs/porting.md says; CMake's own flags of a release are not used here.
FULL_OPTIMIZATION:append = " -O3"

PACKAGES =+ "${PN}-tools ${PN}-delegate"
FILES:${PN}-tools += "${bindir} ${datadir}/bash-completion ${datadir}/zsh ${datadir}/fish"
FILES:${PN}-delegate += "${libdir}/mobilenet/libmobilenet_delegate.so"
