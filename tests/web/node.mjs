// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The installed package in Node.js: node node.mjs REPOSITORY HASHES, where HASHES is what the native tests/outputs says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { load, supported, Model } from 'mobilenet-c';
import { hashOutputs, hashesIn } from './hash.mjs';

const [repository, hashes] = process.argv.slice(2);
const read = (path) => readFile(join(repository, path));

assert.equal(supported(), true);
for (const [wanted, path] of hashesIn(await readFile(hashes, 'utf8'))) {
  const model = await load(await read(path), { name: path });
  assert.equal(hashOutputs(model), wanted, path);
  model.dispose();
  console.log(`same bytes: ${path}`);
}

// Arrays of another frame, as test runners have them, are as good.
{
  const { Int8Array, Uint8Array, ArrayBuffer } = runInNewContext('({ Int8Array, Uint8Array, ArrayBuffer })');
  const bytes = await read('tests/golden/tiny_v2_int8.tflite');
  const other = new ArrayBuffer(bytes.length);
  new Uint8Array(other).set(bytes);
  const model = await load(other);
  assert.equal(model.run(new Int8Array(3072)).length, 1);
  assert.equal(model.classify({ data: new Uint8Array(3), width: 1, height: 1 }, 1).length, 1);
}

// What goes wrong is told in a sentence.
const bytes = await read('tests/golden/tiny_v2_int8.tflite');
await assert.rejects(load(Buffer.from('no model'), { name: 'notes.txt' }), /^Error: notes\.txt: /);
await assert.rejects(load(bytes.subarray(0, 1000), { name: 'short.tflite' }), /^Error: short\.tflite: /);
await assert.rejects(load('model.tflite'), /^TypeError: the model must be an ArrayBuffer or a typed array$/);
await assert.rejects(load(bytes, { labels: ['one', 'two'] }), /^Error: .*labels/);
await assert.rejects(load(bytes, { labels: 'one' }), /^TypeError: labels must be an array/);
const empty = Buffer.from('\0asm\x01\0\0\0');
await assert.rejects(load(bytes, { wasm: empty }), /^TypeError: wasm must be mobilenet\.wasm/);
await assert.rejects(load(bytes, { wasm: Buffer.from('no module') }), WebAssembly.CompileError);
assert.throws(() => new Model(), /use load\(\)/);

const model = await load(bytes);
const [input] = model.inputs;
assert.deepEqual(input.shape, [1, 32, 32, 3]);
assert.equal(input.type, 'int8');
assert.throws(() => model.run(), /^TypeError: the model takes 1 inputs, not 0$/);
assert.throws(() => model.run(new Float32Array(3072)),
  /^TypeError: input 0 must be Int8Array of 3072 elements \(int8 1 x 32 x 32 x 3\), not Float32Array of 3072$/);
assert.throws(() => model.run(new Int8Array(12)), /not Int8Array of 12$/);
assert.throws(() => model.classify(undefined), /^TypeError: the image must be ImageData/);
assert.throws(() => model.classify({ data: new Uint8Array(5), width: 1, height: 1 }), /^TypeError: the image must be/);
assert.throws(() => model.classify({ data: new Uint8Array(3), width: 1, height: 1 }, 0), /^Error: /);

// RGB and RGBA of one picture are one picture; results are the caller's own.
const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7) % 256);
const rgba = Uint8ClampedArray.from({ length: 40 * 30 * 4 }, (_, i) => (i % 4 === 3 ? 9 : data[(i >> 2) * 3 + (i % 4)]));
const classes = model.classify({ data, width: 40, height: 30 }, 3);
assert.deepEqual(model.classify({ data: rgba, width: 40, height: 30 }, 3), classes);
assert.equal(classes.length, 3);
assert.ok(classes[0].probability >= classes[1].probability && classes[0].name.length > 0);
const first = model.run(new Int8Array(3072))[0];
const copy = first.slice();
model.run(new Int8Array(3072).fill(100));
assert.deepEqual(first, copy);

model.dispose();
assert.throws(() => model.run(new Int8Array(3072)), /^Error: this model was disposed of$/);
assert.throws(() => model.classify({ data, width: 40, height: 30 }), /disposed of/);

// An engine without SIMD says so.
const { validate } = WebAssembly;
WebAssembly.validate = () => false;
assert.equal(supported(), false);
await assert.rejects(load(bytes), /^Error: This browser has no WebAssembly SIMD, .*use Chrome 91/);
WebAssembly.validate = validate;
