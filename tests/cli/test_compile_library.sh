#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet compile --library: one folder that the Arduino IDE, PlatformIO, Zephyr and CMSIS-Pack accept. Its example
# compiles as C++ beside the sources, its CMake as Zephyr would read it; descriptions name files that are there. Where
# pio or arduino-lint are, they look at it, too.
source tests/cli/common.sh

expect 0 new --width 0.35 --size 32 --classes 4 --random-bn -o "$scratch/float.tflite"
expect 0 quantize "$scratch/float.tflite" --images "$photos" --limit 2 -o "$scratch/signs.tflite"
expect 0 compile "$scratch/signs.tflite" "$scratch/signs.tflite" --name first second -o "$scratch/first" --library
prints 'first/src/first\.h'
library=$scratch/first

# ---- Arduino: every source, and the sketch as C++ ----
for file in library.properties library.json mobilenet.first.pdsc zephyr/module.yml zephyr/Kconfig examples/first/first.ino; do
    [[ -s $library/$file ]] || fail "there is no $file"
    ! grep -q '@' "$library/$file" || fail "$file: a name is not filled in"
done
for field in name=first version= author= maintainer= sentence= paragraph= category= url= architectures= includes=first.h; do
    grep -q "^$field" "$library/library.properties" || fail "library.properties: there is no $field"
done
mkdir "$scratch/stub"
cat >"$scratch/stub/Arduino.h" <<'EOM'
#include <stdio.h>
#include <stdlib.h>
struct { void begin(long) {} void print(const char *text) { fputs(text, stdout); }
         void println(unsigned long number) { printf("%lu\n", number); } } Serial;
static void delay(unsigned long) { exit(0); }
EOM
(cat "$library/examples/first/first.ino"; echo 'int main() { setup(); loop(); return 1; }') >"$scratch/sketch.cpp"
mkdir "$scratch/objects"
(cd "$scratch/objects" && gcc -std=gnu11 -Os -Wall -Wextra -Werror -c "$library"/src/*.c) 2>"$scratch/log" ||
    fail "sources: $(cat "$scratch/log")"
g++ -std=gnu++17 -Os -Wall -Wextra -Werror -include "$scratch/stub/Arduino.h" -I"$library/src" "$scratch/sketch.cpp" \
    "$scratch"/objects/*.o -o "$scratch/sketch" 2>"$scratch/log" || fail "sketch: $(cat "$scratch/log")"
"$scratch/sketch" >"$scratch/log"
grep -qE '^class [0-3]$' "$scratch/log" || fail "the sketch tells no class"

# ---- Zephyr: its functions, and no more, as CMake's ----
if command -v cmake >/dev/null; then
    mkdir "$scratch/zephyr"
    cat >"$scratch/zephyr/CMakeLists.txt" <<EOM
cmake_minimum_required(VERSION 3.20)
project(application C)
set(CONFIG_MOBILENET_FIRST y)
macro(zephyr_library_named name)
  add_library(\${name} STATIC)
  set(ZEPHYR_CURRENT_LIBRARY \${name})
endmacro()
macro(zephyr_library_sources)
  target_sources(\${ZEPHYR_CURRENT_LIBRARY} PRIVATE \${ARGN})
endmacro()
macro(zephyr_include_directories)
  target_include_directories(\${ZEPHYR_CURRENT_LIBRARY} PUBLIC \${ARGN})
endmacro()
add_subdirectory($library/zephyr module)
EOM
    (cmake -S "$scratch/zephyr" -B "$scratch/zephyr/build" && cmake --build "$scratch/zephyr/build") >"$scratch/log" 2>&1 ||
        fail "Zephyr's CMake: $(tail -n 20 "$scratch/log")"
    [[ -s $scratch/zephyr/build/module/libfirst.a ]] || fail "Zephyr's CMake makes no library"
else
    echo "SKIP: cmake is not here"
fi

# ---- CMSIS-Pack and PlatformIO: what is named is there ----
python3 - "$library" <<'EOM' || fail "a description names what is not there"
import json, pathlib, sys
import xml.etree.ElementTree as xml
folder = pathlib.Path(sys.argv[1])
pack = xml.parse(folder / "mobilenet.first.pdsc").getroot()
names = [file.get("name") for file in pack.iter("file")]
assert pack.find("name").text == "first" and pack.find("vendor").text == "mobilenet"
assert all((folder / name).exists() for name in names), names
assert {name for name in names if name.endswith(".c")} == {"src/" + path.name for path in (folder / "src").glob("*.c")}
library = json.loads((folder / "library.json").read_text())
assert library["name"] == "first" and all((folder / "src" / name).exists() for name in library["headers"])
assert (folder / library["build"]["srcDir"]).is_dir()
EOM
if command -v pio >/dev/null; then
    PLATFORMIO_CORE_DIR=$scratch/pio pio pkg pack "$library" -o "$scratch/first.tar.gz" >"$scratch/log" 2>&1 ||
        fail "pio: $(cat "$scratch/log")"
    tar tf "$scratch/first.tar.gz" >"$scratch/log"
    grep -q 'src/first_weights.c' "$scratch/log" || fail "pio packs no weights"
else
    echo "SKIP: pio is not here"
fi
if command -v arduino-lint >/dev/null; then
    arduino-lint --compliance permissive --project-type library "$library" >"$scratch/log" 2>&1 ||
        fail "arduino-lint: $(cat "$scratch/log")"
else
    echo "SKIP: arduino-lint is not here"
fi

# ---- Nothing stays of a library that cannot be written whole ----
if [[ $(id -u) -ne 0 ]]; then
    mkdir -p "$scratch/readonly"
    chmod a-w "$scratch/readonly"
    expect 1 compile "$scratch/signs.tflite" -o "$scratch/readonly" --library
    [[ -z $(ls -A "$scratch/readonly") ]] || fail "files stay"
fi
