#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: debian_install.sh MACHINE
#
# For test_debian.sh, in a root with the source in /mobilenet and packages in /packages: installs those of the machine,
# tries them, asks what is in the photo of each folder in /cases, and purges them, which must leave nothing.
set -eux

cd /mobilenet
apt-get -q -y --no-install-recommends install /packages/*_"$1".deb
debian/tests/installed
for folder in /cases/*/; do
    cd "$folder"
    mobilenet classify -m model.tflite --json photo.jpg >answer
    sed -i 's/"[a-z_]*milliseconds": [0-9.e-]*//g' answer
    diff wanted answer
done
apt-get -q -y purge mobilenet-delegate mobilenet-tools libmobilenet-dev libmobilenet-image0.1 libmobilenet0.1
find / -xdev -name '*mobilenet*' ! -path '/mobilenet*' ! -path '/cases/*' ! -path '/packages/*' ! -path '/proc/*' >/left
diff /dev/null /left
