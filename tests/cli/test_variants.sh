#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# mobilenet variants: the published table.
source tests/cli/common.sh

expect 0 variants
[ "$(wc -l <"$scratch/out")" = 23 ] || fail "not 22 variants below a head"
prints '^ 1\.00 +224 +300 +3\.47 +300775552 +3472041 +3540265$'
prints '^ 1\.40 +224 +582 +6\.06 '
prints '^ 0\.35 +96 +11 +1\.66 '

expect 0 variants --json
[ "$(wc -l <"$scratch/out")" = 22 ] || fail "not 22 objects"
json 'o["width"] > 0 and o["size"] in (96, 128, 160, 192, 224) and o["classes"] == 1001 and o["macs"] > 1e7'
prints '^\{"width": ?0\.35, ?"size": ?96, .*"macs": ?11935408, ?"weights": ?1664329, ?"keras_parameters": ?1692489\}$'

expect 0 variants --classes 1000
prints ' 3538984$'
expect 0 variants --classes 0 --json
json 'o["classes"] == 0'

# Keras applications count 4253864 (V1), 2554968 and 5507432 (V3 small and large with 1000 classes).
expect 0 variants --architecture v1 --classes 1000
[ "$(wc -l <"$scratch/out")" = 17 ] || fail "not 16 variants below a head"
prints '^ 1\.00 +224 .* 4253864$'
expect 0 variants --architecture v3-small
prints '^ 1\.00 +224 .* 2554968$'
expect 0 variants --architecture v3-large
prints '^ 1\.00 +224 .* 5507432$'
expect 2 variants --architecture v4
says 'v4'

expect 2 variants --classes -1
expect 2 variants operand
expect 2 variants --jsn
says 'did you mean --json'
