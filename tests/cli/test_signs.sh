#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/signs: the same pictures for a seed whatever the number of threads, other ones for another split or seed,
# and a sentence for every wrong command line.
set -euo pipefail

signs="${MN_BUILD:-build}/signs"
if [ ! -x "$signs" ]; then
    echo "SKIPPED: $signs is not built; it needs Cairo (on Debian: apt-get install libcairo2-dev)"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Cairo hands memory from thread to thread with atomics that the thread sanitizer does not see in a foreign library.
echo 'called_from_lib:libcairo.so' >"$scratch/tsan"
export TSAN_OPTIONS="suppressions=$scratch/tsan ${TSAN_OPTIONS-}"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# draw FOLDER ARGUMENTS...: 80 small pictures
draw() {
    local folder=$1
    shift
    "$signs" --out "$scratch/$folder" --count 80 --size 48 "$@" >/dev/null || fail "signs $*"
}

# refuses CODE PATTERN ARGUMENTS...: the program must end with CODE and say PATTERN on stderr
refuses() {
    local wanted=$1 pattern=$2 code=0
    shift 2
    "$signs" "$@" >/dev/null 2>"$scratch/err" || code=$?
    [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted: signs $*"
    grep -q -- "$pattern" "$scratch/err" || fail "stderr lacks '$pattern': $(cat "$scratch/err")"
}

# Classes are listed in byte order, each once.
"$signs" --list >"$scratch/list"
[ "$(wc -l <"$scratch/list")" -ge 24 ] || fail 'fewer than 24 classes'
LC_ALL=C sort -cu "$scratch/list" || fail 'the list is not in order'

draw one --jobs 1
draw three --jobs 3
diff -r "$scratch/one" "$scratch/three" || fail 'the pictures depend on --jobs'
(cd "$scratch/one" && LC_ALL=C && printf '%s\n' *) | cmp - "$scratch/list" || fail 'the folders are not the classes'
[ "$(find "$scratch/one" -name '*.jpg' | wc -l)" = 80 ] || fail 'not 80 pictures'

# More pictures begin with the same ones, and nothing repeats from one split or seed to another.
"$signs" --out "$scratch/more" --count 100 --size 48 >/dev/null
(cd "$scratch/one" && find . -name '*.jpg' -exec cmp {} ../more/{} \;) | grep . && fail 'a larger set has other pictures'
draw val --split val
draw test --split test
draw seed --seed 2
[ -z "$(md5sum "$scratch"/{one,val,test,seed}/*/*.jpg | cut -c 1-32 | sort | uniq -d)" ] || fail 'pictures repeat'

# PNG: the marks of JPEG are in the pixels, so both formats classify alike.
draw png --format png
[ "$(head -c 4 "$scratch/png/stop/00000.png" | tail -c 3)" = PNG ] || fail 'no PNG'
if python3 -c 'import PIL' 2>/dev/null; then
    python3 - "$scratch" <<'EOF' || fail 'the formats differ'
import sys
from PIL import Image
one, png = (Image.open(f"{sys.argv[1]}/{name}") for name in ("one/stop/00000.jpg", "png/stop/00000.png"))
assert one.size == (48, 48) and one.tobytes() == png.convert("RGB").tobytes()
EOF
fi

"$signs" --sheet "$scratch/sheet.png" --size 32 --split test
[ "$(head -c 4 "$scratch/sheet.png" | tail -c 3)" = PNG ] || fail 'no contact sheet'
"$signs" --help | grep -q -- --sheet || fail 'no help'

refuses 2 'exactly one of'
refuses 2 'exactly one of' --list --sheet "$scratch/s.png"
refuses 2 'needs .--count' --out "$scratch/x"
refuses 2 'unknown argument' --out "$scratch/x" --count 1 --colour 1
refuses 2 'without its value' --out
refuses 2 'whole number from 32 to 512' --out "$scratch/x" --count 1 --size 31
refuses 2 'whole number' --out "$scratch/x" --count 1x
refuses 2 'whole number' --out "$scratch/x" --count -1
refuses 2 'train, val or test' --out "$scratch/x" --count 1 --split dev
refuses 2 'jpg or png' --out "$scratch/x" --count 1 --format gif
[ ! -e "$scratch/x" ] || fail 'a refused run wrote something'
echo text >"$scratch/file"
refuses 1 'file/ahead_only: cannot be written: Not a directory' --out "$scratch/file" --count 1
refuses 1 'cannot be written' --sheet "$scratch/none/sheet.png"
mkdir -p "$scratch/full/ahead_only"
ln -s /dev/full "$scratch/full/ahead_only/00000.jpg"
refuses 1 '00000.jpg: cannot be written: No space left' --out "$scratch/full" --count 1
