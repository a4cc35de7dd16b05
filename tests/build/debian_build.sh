#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: debian_build.sh MACHINE...
#
# For test_debian.sh, in a root with the source in /mobilenet: builds the packages for each machine, has lintian look at
# them and puts them in /packages. Debian has HDF5's headers for one machine at a time.
set -eux

cd /mobilenet
mkdir /packages
for machine; do
    apt-get -q -y --no-install-recommends build-dep -a "$machine" ./
    dpkg-buildpackage -b -us -uc -a"$machine"
    lintian --allow-root --fail-on error,warning ../mobilenet_*_"$machine".changes
    rm ../*-dbgsym_*
    mv ../*.deb /packages
done
