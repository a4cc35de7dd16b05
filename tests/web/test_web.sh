#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# web/ built, and used as people do: the npm package packed, installed and run in Node.js, its types checked, and the
# page in Firefox and Chromium without a network. Bytes are those of the native library.
source tests/build/common.sh

[[ ${MN_LONG_TESTS:-} ]] || skip "builds WebAssembly and starts a browser: MN_LONG_TESTS=1 runs it"
need node
need npm
code=0
scripts/web.sh --out "$scratch/web" || code=$?
[[ $code -ne 77 ]] || exit 77
[[ $code -eq 0 ]] || fail "scripts/web.sh"

models=(tests/golden/tiny_v2_int8.tflite tests/golden/tiny_v2_uint8.tflite build-web/signs.tflite)
for model in ../shared/models/*.tflite; do [[ ! -e $model ]] || models+=("$model"); done
"$MN_BUILD/tests/outputs" "${models[@]}" >"$scratch/hashes"

mkdir "$scratch/user"
npm pack --silent --pack-destination "$scratch" "$scratch/web/package" >"$scratch/log" 2>&1 ||
    fail "npm pack: $(cat "$scratch/log")"
cp tests/web/node.mjs tests/web/hash.mjs tests/web/types.ts "$scratch/user"
(cd "$scratch/user" && npm init -y && npm install --offline --no-audit --no-fund ../mobilenet-c-*.tgz) >"$scratch/log" 2>&1 ||
    fail "npm install: $(tail -n 5 "$scratch/log")"
node "$scratch/user/node.mjs" "$PWD" "$scratch/hashes" || fail "Node.js"

if command -v tsc >/dev/null; then
    (cd "$scratch/user" && tsc --strict --noEmit --target es2022 --module nodenext --lib es2022,dom types.ts) ||
        fail "mobilenet.d.ts: tsc --strict"
else
    echo "SKIPPED: the types: tsc is missing (npm install -g typescript)"
fi

if firefox=$(command -v firefox-esr || command -v firefox); then
    node tests/web/firefox.mjs "$firefox" "$scratch/web/page/index.html" "$scratch/hashes" || fail "the page in Firefox"
else
    echo "SKIPPED: the page in Firefox, which is missing (on Debian: apt-get install firefox-esr)"
fi
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "SKIPPED: the page: Chromium is missing (on Debian: apt-get install chromium)"
    exit 0
}
node tests/web/page.mjs "$browser" "$scratch/web/page/index.html" "$scratch" "$scratch/hashes" || fail "the page"
node tests/web/visit.mjs "$browser" "$scratch/web/page" || fail "the page from a server"
MOBILENET=$MN_BUILD/mobilenet
"$MOBILENET" classify -m build-web/signs.tflite --labels models/signs_0.35_96.labels.txt -i "$scratch/photo.ppm" --json \
    >"$scratch/native.json"
node -e '
    const [page, native] = process.argv.slice(1).map((path) => JSON.parse(require("fs").readFileSync(path)));
    const wanted = native.classes.map((c) => [c.class, c.probability]);
    require("assert").deepStrictEqual(page, wanted);' "$scratch/page.json" "$scratch/native.json" ||
    fail "the page and the command classify the same pixels differently"
