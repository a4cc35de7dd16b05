#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet evaluate: where the truth comes from, and sums that do not depend on the number of jobs.
. tests/cli/common.sh

model=$models/tiny_v2_int8.tflite

# The class that the model sees in a photo; 10 photos of known (because asked) truth.
best() { "$mobilenet" classify -m "$model" --json -k 1 "$1" | sed 's/.*"class": \([0-9]*\).*/\1/'; }
good=()
for photo in "$photos"/colour*.png "$photos"/*.jpg; do good+=("$photo"); done
count=${#good[@]}

# A list file: paths with classes by number; every second one is wrong on purpose.
right=0
for i in "${!good[@]}"; do
    class=$(best "${good[$i]}")
    if [ $((i % 2)) = 0 ]; then right=$((right + 1)); else class=$(((class + 1) % 10)); fi
    echo "$(basename "${good[$i]}") $class"
done >"$scratch/list"
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --jobs 1 --json
json "o['evaluated'] == $count and o['model']['top1']['count'] == $right and o['model']['top5']['count'] >= $right" \
    "len(o['mistakes']) == min(10, $count - $right)" \
    'o["model"]["top1"]["interval95"][0] < o["model"]["top1"]["share"] < o["model"]["top1"]["interval95"][1]' \
    '[m["probability"] for m in o["mistakes"]] == sorted((m["probability"] for m in o["mistakes"]), reverse=True)'

# The number of jobs changes nothing but the time.
steady() { sed 's/"seconds".*"jobs": [0-9]*, //' "$1"; }
for other in tiny_v2_float32 tiny_v2_uint8; do
    expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare $models/$other.tflite \
        --json --jobs 1
    steady "$scratch/out" >"$scratch/one"
    json 'o["divergence"] > 0 and 0 < o["largest_difference"] <= 1 and o["agreement"]["of"] == o["evaluated"]'
    for jobs in 2 5 0; do
        expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare $models/$other.tflite \
            --json --jobs $jobs --threads 2
        steady "$scratch/out" | cmp - "$scratch/one" || fail "$jobs jobs give another result"
    done
done
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare "$model" --json
json 'o["divergence"] == 0 and o["largest_difference"] == 0 and o["agreement"]["share"] == 1'
# Bootstrap intervals hold the value, and what one model loses the other wins.
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare $models/tiny_v2_uint8.tflite --json
json 'o["bootstrap_resamples"] == 2000' \
    'all(x["bootstrap95"][0] <= x["share"] <= x["bootstrap95"][1] for x in (o["model"]["top1"], o["agreement"]))' \
    'o["divergence_bootstrap95"][0] < o["divergence"] < o["divergence_bootstrap95"][1]' \
    'o["change"]["won"] - o["change"]["lost"] == o["compared"]["top1"]["count"] - o["model"]["top1"]["count"]' \
    'o["change"]["bootstrap95"][0] <= o["change"]["share"] <= o["change"]["bootstrap95"][1]' \
    '0 < o["change"]["mcnemar_p"] <= 1'
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare $models/tiny_v2_uint8.tflite
prints '^change .*lost [0-9]+, won [0-9]+ of [0-9]+; McNemar p '
prints '^divergence .*; bootstrap 0'
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/list"
prints '^  top-1 .*95 % interval .*, bootstrap '
prints '^bootstrap .* 2000 resamples'
prints '^most confident mistakes'
prints '^ +[0-9.]+ %  class [0-9], is class [0-9]: '

# Folders named by label, and by their order: c, c-1, ..., c-9, in which a '/' after the name must not count.
place() { if [ "$1" = 0 ]; then echo c; else echo "c-$1"; fi; }
names=(ant bee cat dog elk fox gnu hen ibex jay)
printf '%s, an animal\n' "${names[@]}" >"$scratch/labels"
right=0
for i in "${!good[@]}"; do
    class=$(best "${good[$i]}")
    if [ "$class" != 3 ]; then right=$((right + 1)); else class=4; fi
    mkdir -p "$scratch/named/${names[$class]}/deeper" "$scratch/ordered/$(place "$class")"
    cp "${good[$i]}" "$scratch/named/${names[$class]}/deeper/"
    cp "${good[$i]}" "$scratch/ordered/$(place "$class")/"
done
expect 0 evaluate -m "$model" --images "$scratch/named" --labels "$scratch/labels" --json
json "o['known'] == $count and o['model']['top1']['count'] == $right"
mv "$scratch/ordered" "$scratch/few"
head -c 100 "$photos/gray.jpg" >"$scratch/cut.jpg"
expect 1 evaluate -m "$model" --images "$scratch/few"
says 'the class of no photo is known'
for class in 0 1 2 3 4 5 6 7 8 9; do
    folder=$scratch/few/$(place "$class")
    mkdir -p "$folder"
    [ -n "$(ls "$folder")" ] || cp "$scratch/cut.jpg" "$folder/cut.jpg"
done
expect 0 evaluate -m "$model" --images "$scratch/few/" --json
json "o['known'] == o['evaluated'] == $count and o['model']['top1']['count'] == $right"
mkdir "$scratch/named/unicorn"
cp "$photos/gray.jpg" "$scratch/named/unicorn/"
expect 1 evaluate -m "$model" --images "$scratch/named" --labels "$scratch/labels"
says "'unicorn' is not"

# Labels in a list, after a tab; bad lines.
printf '%s\tant, an animal\n' gray.jpg >"$scratch/tabs"
expect 0 evaluate -m "$model" --images "$photos" --truth "$scratch/tabs" --labels "$scratch/labels" --json
json 'o["known"] == 1'
for line in 'gray.jpg' 'gray.jpg 10' 'gray.jpg -1' 'gray.jpg unicorn' ' 3' 'gray.jpg n01440764'; do
    printf 'cmyk.jpg 1\n\n%s\n' "$line" >"$scratch/bad"
    expect 1 evaluate -m "$model" --images "$photos" --truth "$scratch/bad"
    says 'line 3 is not a path and a class'
done

# Photos that cannot be read are named and left out; with none left the command fails.
mkdir "$scratch/some" "$scratch/empty"
cp "$photos/gray.jpg" "$scratch/some/b.jpg"
cp "$scratch/cut.jpg" "$scratch/some/a.jpg"
: >"$scratch/some/c.PNG"
echo text >"$scratch/some/readme.txt"
expect 0 evaluate -m "$model" --images "$scratch/some" --compare $models/tiny_v2_uint8.tflite --json
says "^mobilenet: $scratch/some/a.jpg"
says "^mobilenet: $scratch/some/c.PNG"
json 'o["evaluated"] == 1 and o["known"] == 0 and len(o["unreadable"]) == 2'
rm "$scratch/some/b.jpg"
expect 1 evaluate -m "$model" --images "$scratch/some" --compare $models/tiny_v2_uint8.tflite
says 'no photo could be evaluated'
expect 1 evaluate -m "$model" --images "$scratch/empty"
says 'holds no photo'
expect 1 evaluate -m "$model" --images "$scratch/none"
expect 1 evaluate -m "$model" --images "$model"
ln -s . "$scratch/empty/loop"
expect 1 evaluate -m "$model" --images "$scratch/empty"
expect 1 evaluate -m "$model" --images "$photos" --truth "$scratch/list" --compare "$scratch/none"

real=../shared/models
if [ ! -d "$real" ]; then
    echo 'SKIPPED: the part with real models; ../shared/models is missing'
    exit 0
fi
expect 0 evaluate -m $real/tf2_mobilenet_v2_1.0_224_ptq.tflite --images ../shared/images/imagenet --limit 6 --json \
    --crop --compare $real/mobilenet_v2_1.0_224_quant.tflite
json 'o["known"] == 6 and o["model"]["top1"]["count"] >= 3 and o["compared"]["top1"]["count"] >= 3'
