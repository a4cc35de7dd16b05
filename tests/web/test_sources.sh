#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What can be said of web/ without building it: the package is of this version and brings what it names, its types are
# of what it exports, scripts parse, and the page asks for nothing from elsewhere.
source tests/build/common.sh

version=$(sed -nE 's/^#define MN_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' include/mobilenet.h | paste -sd.)
grep -qF "\"version\": \"$version\"" web/package.json || fail "web/package.json is not of version $version"
! grep -nE '(src|href)="?https?:|url\(|@import|https?://' web/index.html web/style.css web/*.js ||
    fail "the page names addresses elsewhere"

names() { grep -oE "^export (async )?(function|class|const) \w+" "$1" | awk '{ print $NF }' | sort; }
diff <(names web/mobilenet.js) <(names web/mobilenet.d.ts) || fail "mobilenet.d.ts has other exports than mobilenet.js"
exported() { grep -oE 'EXPORT\(\w+\)' web/mobilenet_web.c | sed 's/EXPORT(//; s/)//' | grep -v '^name$' | sort -u; }
called() { grep -ohE '\bmn_web_\w+' web/mobilenet.js | sort -u; }
diff <(exported) <(called) || fail "mobilenet.js calls other functions than mobilenet_web.c has"

need node
for script in web/*.js web/*.mjs tests/web/*.mjs; do
    node --input-type=module --check <"$script" || fail "$script does not parse"
done
node -e 'JSON.parse(require("fs").readFileSync("web/package.json"))' || fail "web/package.json does not parse"
