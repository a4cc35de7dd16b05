#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# recipe.sh in a copy of the repository with small weights of two classes, with commands that are built already (a cmake
# that does nothing stands in) and no network.
. tests/cli/common.sh

if [[ ${MN_SANITIZE:-} ]]; then
    echo 'SKIPPED: the release build tests recipe.sh'
    exit 77
fi
for command in "$mobilenet" "${MN_BUILD:-build}/benchmark_model"; do
    [[ -x $command ]] || { echo "SKIPPED: $command is not built"; exit 77; }
done
mobilenet=$(realpath "$mobilenet")

copy=$scratch/copy
mkdir -p "$copy/scripts" "$copy/build" "$copy/models" "$scratch/tools" "$scratch/photos/"{apple,pear}
cp recipe.sh "$copy"
cp scripts/lib.sh scripts/vela.sh scripts/imx93.ini "$copy/scripts"
vela=$PWD/tests/cli/vela_stand_in.sh
timing=$(realpath "${MN_BUILD:-build}/benchmark_model")
ln -s "$mobilenet" "$timing" "$copy/build"
printf '#!/bin/sh\n' >"$scratch/tools/cmake"
chmod +x "$scratch/tools/cmake"
cp fuzz/corpus/image/colour[0346]*.{jpg,png} "$scratch/photos/apple"
cp fuzz/corpus/image/{gray.jpg,colour2-8bit.png} "$scratch/photos/pear"

weights=$scratch/weights/tiny_0.35_32.h5
mkdir "$scratch/weights"
"$mobilenet" train --data "$scratch/photos" -o "$weights" --width 0.35 --size 32 --epochs 1 --batch 4 >"$scratch/log" 2>&1 || {
    echo "SKIPPED: no weights to test with: $(tail -n 1 "$scratch/log")"
    exit 77
}

unset MOBILENET_MODEL MOBILENET_WEIGHTS MOBILENET_VELA KERAS_HOME
# recipe CODE ARGUMENTS...: runs the copy's recipe.sh, whose exit code must be CODE; leaves $scratch/out and $scratch/err.
recipe() {
    local wanted=$1 code=0
    shift
    HOME=$scratch/home PATH=$scratch/tools:$PATH "$copy/recipe.sh" "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    [ "$code" = "$wanted" ] ||
        fail "exit code $code instead of $wanted: recipe.sh $*: $(cat "$scratch/out" "$scratch/err")"
}

# whole FOLDER: it holds the two models, which can be read, and no other file of theirs.
whole() {
    local file
    for file in "$1"/*_float32.tflite "$1"/*_quant_int8.tflite; do
        "$mobilenet" inspect "$file" >/dev/null || fail "$file cannot be read"
    done
    [ -z "$(find "$1" -name '*.tmp-*')" ] || fail "temporary files are left in $1"
}

# Wrong arguments and missing files end at once, and nothing is made.
recipe 0 --help
prints '^usage: ./recipe.sh '
for arguments in --nonsense nonsense --weights '--weights=' "--weights $scratch/none" "--images $scratch/none" \
    "--image $scratch/none" "--npu ethos-u85" "--npu vx --model $0" "--model $scratch/none" "--labels $scratch/none" '--out /dev/null/none'; do
    # shellcheck disable=SC2086 # words are wanted
    recipe 1 --offline $arguments
    says '^recipe.sh: '
done
recipe 1 --offline
says 'no weights found'
says 'https://storage.googleapis.com/.*_1.0_224.h5$'
[ -z "$(ls -A "$copy/out")" ] || fail 'files without weights'

# The whole way, with paths of the caller's.
cd "$scratch"
recipe 0 --offline --weights weights/tiny_0.35_32.h5 --images photos --out made
whole made
float=made/mobilenet_v2_float32.tflite
int8=made/mobilenet_v2_quant_int8.tflite
prints '^\[7/7\] '
prints '^ +[0-9.]+ %  (apple|pear)$'
prints "^ +mobilenet_v2_float32.tflite +$(wc -c <"$float") B "
evaluation=$("$mobilenet" evaluate -m "$int8" --images photos --labels weights/tiny_0.35_32.labels.txt)
top1=$(sed -n 's/^ *top-1 *\([0-9.]*\) %.*/\1/p' <<<"$evaluation")
prints "^ +mobilenet_v2_quant_int8.tflite +$(wc -c <"$int8") B +$top1 % +- +[0-9.]+ ms$" # two classes have no top-5
prints 'agree on the best class of [0-9.]+ % of 11 photos; mean KL divergence [0-9.]+ nats'

# From here on one inference is timed in place of half a second of them: --graph comes first.
rm "$copy/build/benchmark_model"
printf '#!/bin/sh\nexec "%s" "$1" --num_runs=1 --min_secs=0 --warmup_min_secs=0\n' "$timing" \
    >"$copy/build/benchmark_model"
chmod +x "$copy/build/benchmark_model"

# Again: the same bytes. By the environment: the same, too.
cp -r made first
recipe 0 --offline --weights="$weights" --images=photos --out=made
diff -r made first || fail 'a second run gives other models'
MOBILENET_WEIGHTS=weights/tiny_0.35_32.h5 recipe 0 --offline --images photos --out made
diff -r made first || fail 'other models by the environment'

# Interrupted while the int8 model is written: no half file, and the next run makes both. Killed outright, too.
rm "$copy/build/mobilenet"
cat >"$copy/build/mobilenet" <<END
#!/bin/sh
if [ "\$1" = quantize ] && [ -e "$scratch/stop" ]; then
    echo half >"\$4.tmp-aaaaaa"
    echo >"$scratch/reached"
    sleep 60
fi
exec "$mobilenet" "\$@"
END
chmod +x "$copy/build/mobilenet"
for signal in TERM KILL; do
    rm -rf made reached
    touch stop
    HOME=$scratch/home PATH=$scratch/tools:$PATH setsid "$copy/recipe.sh" --offline --weights "$weights" --images photos \
        --out made >"$scratch/log" 2>&1 &
    recipe_id=$!
    for ((i = 0; i < 300; i++)); do
        [ ! -e reached ] || break
        sleep 0.1
    done
    kill -s "$signal" -- "-$recipe_id" || fail "not running: $(cat "$scratch/log")"
    code=0
    wait "$recipe_id" 2>/dev/null || code=$?
    [ "$code" != 0 ] || fail "success after SIG$signal"
    [ ! -e "$int8" ] || fail 'an unfinished model'
    if [ "$signal" = TERM ] && [ -n "$(find made -name '*.tmp-*')" ]; then fail 'an interrupted run leaves half a file'; fi
    rm stop
    recipe 0 --offline --weights "$weights" --images photos --out made
    diff -r made first || fail "other models after SIG$signal"
done

# Without photos.
if "$mobilenet" quantize --help | grep -q -- --data-free; then
    recipe 0 --offline --weights "$weights" --out bare
    whole bare
    prints 'no photo at hand'
    prints 'quant_int8.tflite +[0-9]+ B +- +- +[0-9.]+ ms$'
fi

# For NPUs: the classifier's weights, or all, with one scale, and a compiled model.
MOBILENET_VELA=$vela recipe 0 --offline --weights "$weights" --out npu --npu ethos-u65-256 --image photos/pear/gray.jpg
prints '^\[8/8\] '
prints '^ +memory +system imx93, mode imx93'
prints '^ +processor +nothing'
prints 'the same from the compiled model, its NPU emulated:$'
[ "$(grep -cE '^ +[0-9.]+ %  (apple|pear)$' "$scratch/out")" -ge 2 ] || fail 'the compiled model names nothing'
prints '^On an i.MX 93: benchmark_model --graph=mobilenet_v2_quant_int8_ethos-u65-256_vela.tflite --external_delegate_path='
cmp npu/mobilenet_v2_quant_int8_ethos-u65-256{,_vela}.tflite
"$mobilenet" inspect --npu ethos-u65-256 npu/mobilenet_v2_quant_int8_ethos-u65-256.tflite >"$scratch/out"
prints '^Vela 3.x takes ([0-9]+) of \1 operators$'
PATH=/usr/bin:/bin recipe 1 --offline --weights "$weights" --out npu --npu=ethos-u55-128
prints 'pip install ethos-u-vela$'
prints 'quant_int8_ethos-u55-128.tflite +[0-9]+ B ' # all the rest is done
says 'is not compiled: Vela is missing'
recipe 0 --offline --weights "$weights" --out npu --npu vx
prints '^On an i.MX 8M Plus: benchmark_model --graph=mobilenet_v2_quant_int8_vx.tflite '
if cmp -s npu/mobilenet_v2_quant_int8_{vx,ethos-u65-256}.tflite; then fail 'weights of layers with several scales'; fi

# A model that is there already.
recipe 0 --offline --model "$int8" --labels weights/tiny_0.35_32.labels.txt --image photos/pear/gray.jpg
prints '^\[4/4\] '
prints '%  (apple|pear)$'
MOBILENET_MODEL=$int8 recipe 0 --offline
prints 'quant_int8.tflite +[0-9]+ B +- +- +[0-9.]+ ms$'
echo none >"$scratch/bad.tflite"
recipe 1 --offline --model bad.tflite
recipe 1 --offline --weights bad.tflite
says 'bad.tflite'

# The model that comes with the source.
mkdir -p "$copy/models/signs"
cp -r photos/* "$copy/models/signs"
cp "$weights" "$copy/models/signs_0.35_32.h5"
cp weights/tiny_0.35_32.labels.txt "$copy/models/signs_0.35_32.labels.txt"
recipe 0 --offline
prints 'road signs and nothing else'
prints 'https://storage.googleapis.com/'
prints '^ +[0-9.]+ %  (apple|pear)$'
whole "$copy/out"
cmp "$copy/out/signs_float32.tflite" "$float"
rm -r "$copy/models/"*

# Downloading, here of a file: what has arrived is kept and gone on from, and what is wrong is not used.
command -v curl >/dev/null || { echo 'SKIPPED: the part with downloads; curl is missing'; exit 0; }
official=mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5
bytes=$(($(wc -c <"$weights")))
parameters=$("$mobilenet" convert "$weights" -o plain.tflite | sed -n 's/.* \([0-9]*\) parameters.*/\1/p')
# official URL BYTES PARAMETERS: what recipe.sh takes for the published file.
official() {
    sed -i "s|^official_url=.*|official_url=$1|; s|^official_bytes=.*|official_bytes=$2|
        s|^official_parameters=.*|official_parameters=$3|" "$copy/recipe.sh"
}
official "file://$scratch/none.h5" "$bytes" "$parameters"
recipe 1 --out fetched
prints 'download failed'
says 'no weights found'
official "file://$weights" $((bytes + 1)) "$parameters"
recipe 1 --out fetched
prints "has $bytes bytes instead of $((bytes + 1))"
official "file://$weights" "$bytes" 99
recipe 1 --out fetched --images photos
says "has $parameters parameters instead of 99"
[ ! -e "fetched/$official" ] || fail 'wrong weights are kept'
official "file://$weights" "$bytes" "$parameters"
recipe 0 --out fetched --images photos
# partly FILE: the next run finds the first 1000 bytes of FILE as a download.
partly() {
    rm -r fetched
    mkdir -p fetched/download
    head -c 1000 "$1" >"fetched/download/$official"
}
partly "$weights"
recipe 0 --out fetched --images photos
prints 'going on from byte 1000$'
cmp "fetched/$official" "$weights"
partly /dev/zero # nothing but going on can have made this wrong
recipe 1 --out fetched --images photos
says 'has no parameters instead of [0-9]+; the download was thrown away'
[ ! -e "fetched/download/$official" ] || fail 'a wrong download is kept'
recipe 0 --out fetched --images photos
cmp "fetched/$official" "$weights"
[ ! -e fetched/download ] || fail 'the folder of the download is left'
whole fetched
recipe 0 --out fetched --images photos --offline
