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

# What these seeds drew once: the sizes of the first picture of twelve classes. All other files could be new ones and
# still be drawn from the wrong numbers, as when the seed reaches the noise but not the scene. Another release of Cairo or
# libjpeg rounds some pixels otherwise, which changes sizes a little; another picture's size is another one.
# drawn FOLDER SIZE...
drawn() {
    local folder=$1 class expected size alike=0
    shift
    for class in $(head -n 12 "$scratch/list"); do
        expected=$1 size=$(($(wc -c <"$scratch/$folder/$class/00000.jpg")))
        shift
        if [ $((size > expected ? size - expected : expected - size)) -le $((expected / 50)) ]; then
            alike=$((alike + 1))
        fi
    done
    [ $alike -ge 10 ] || fail "$folder: only $alike of 12 pictures are those that its seed has always drawn"
}
drawn one 1052 1032 1094 740 1060 1391 1674 1337 1512 1046 1053 947
drawn val 1126 3124 1223 1368 793 1553 1141 1237 1369 1072 806 1675
drawn test 896 1095 1185 2616 1750 900 2600 1001 976 1349 874 2841
drawn seed 888 1493 1440 870 1326 1761 1131 1060 981 1318 1505 962

# The pictures that come with the model are the first ones of the test split.
"$signs" --out "$scratch/first" --split test --count 36 >/dev/null
alike=0
while read -r class; do
    size=$(($(wc -c <"models/signs/$class/00000.jpg"))) now=$(($(wc -c <"$scratch/first/$class/00000.jpg")))
    if [ $((size > now ? size - now : now - size)) -le $((size / 50)) ]; then alike=$((alike + 1)); fi
done <"$scratch/list"
[ $alike -ge 32 ] || fail "models/signs: only $alike of 36 pictures are those that the test split begins with"

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
