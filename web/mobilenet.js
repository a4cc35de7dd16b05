// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The JavaScript side of mobilenet.wasm: mobilenet.d.ts documents it.

const ARRAYS = {
  float32: Float32Array, int8: Int8Array, uint8: Uint8Array, int32: Int32Array, int16: Int16Array,
  int64: BigInt64Array, float16: Uint16Array,
};
const CLASS_BYTES = 24; // sizeof(mn_class)

// A module of one function that returns a 128-bit vector: valid where there is SIMD.
const SIMD_PROBE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0,
  65, 0, 253, 15, 253, 98, 11);

// What a value is, whichever frame it comes from: frames, and test runners, have constructors of their own.
const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

export function supported() {
  return typeof WebAssembly === 'object' && WebAssembly.validate(SIMD_PROBE);
}

// What WASI's C library asks for: no environment, no files, a clock.
function wasi(memory) {
  const BADF = 8;
  const none = () => BADF;
  return {
    environ_sizes_get(count, bytes) {
      new DataView(memory().buffer).setUint32(count, 0, true);
      new DataView(memory().buffer).setUint32(bytes, 0, true);
      return 0;
    },
    environ_get: () => 0,
    clock_time_get(clock, precision, time) {
      new DataView(memory().buffer).setBigUint64(time, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    },
    fd_close: none,
    fd_seek: none,
    fd_write: none,
    proc_exit(status) {
      throw new Error(`mobilenet.wasm ended with status ${status}`);
    },
  };
}

let compiled; // a promise of the module, shared by all models

async function compile(source) {
  if (kindOf(source) === 'WebAssembly.Module') return source;
  if (kindOf(source) === 'ArrayBuffer' || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const url = source ?? new URL('./mobilenet.wasm', import.meta.url);
  if (String(url).startsWith('file:') && typeof process === 'object') {
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ 'node:fs/promises');
    return WebAssembly.compile(await readFile(new URL(url)));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: cannot be loaded: ${response.status} ${response.statusText}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function moduleOf(source) {
  if (!supported()) {
    throw new Error('This browser has no WebAssembly SIMD, which mobilenet.c needs; ' +
      'use Chrome 91, Firefox 89, Safari 16.4, Node.js 16.4 or a later one.');
  }
  if (source !== undefined) return compile(source);
  compiled ??= compile().catch((error) => {
    compiled = undefined; // the next call tries again
    throw error;
  });
  return compiled;
}

async function instantiate(source) {
  let exports;
  const instance = await WebAssembly.instantiate(await moduleOf(source),
    { wasi_snapshot_preview1: wasi(() => exports.memory) });
  exports = instance.exports;
  if (!exports.mn_web_open) throw new TypeError('wasm must be mobilenet.wasm, which came with mobilenet.js');
  exports._initialize();
  return exports;
}

function bytesOf(data, what) {
  if (kindOf(data) === 'ArrayBuffer') return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError(`${what} must be an ArrayBuffer or a typed array`);
}

export class Model {
  #wasm;
  #pixels = { at: 0, bytes: 0 }; // memory for the pixels of images, kept from call to call

  constructor(wasm, token) {
    if (token !== ARRAYS) throw new TypeError('use load() to make a Model');
    this.#wasm = wasm;
    this.inputs = this.#tensors(0, wasm.mn_web_inputs());
    this.outputs = this.#tensors(1, wasm.mn_web_outputs());
    this.preprocessing = wasm.mn_web_describe() ? this.#text(wasm.mn_web_describe()) : undefined;
    Object.freeze(this);
  }

  get #live() {
    if (!this.#wasm) throw new Error('this model was disposed of');
    return this.#wasm;
  }

  #text(at) {
    const memory = new Uint8Array(this.#wasm.memory.buffer);
    return new TextDecoder().decode(memory.subarray(at, memory.indexOf(0, at)));
  }

  #check(result) {
    if (result < 0) throw new Error(this.#text(this.#wasm.mn_web_error()));
    return result;
  }

  #tensors(isOutput, count) {
    const wasm = this.#wasm;
    return Object.freeze(Array.from({ length: count }, (_, i) => {
      wasm.mn_web_tensor(isOutput, i);
      return Object.freeze({
        name: this.#text(wasm.mn_web_tensor_name()),
        type: this.#text(wasm.mn_web_tensor_type()),
        shape: Object.freeze(Array.from({ length: wasm.mn_web_tensor_rank() }, (_, d) => wasm.mn_web_tensor_dim(d))),
        scale: wasm.mn_web_tensor_scale(),
        zeroPoint: wasm.mn_web_tensor_zero(),
      });
    }));
  }

  // The memory of a tensor as a typed array, valid until memory grows.
  #view(isOutput, i) {
    const wasm = this.#wasm;
    const at = wasm.mn_web_tensor(isOutput, i);
    const Elements = ARRAYS[(isOutput ? this.outputs : this.inputs)[i].type];
    return new Elements(wasm.memory.buffer, at, wasm.mn_web_tensor_bytes() / Elements.BYTES_PER_ELEMENT);
  }

  run(...inputs) {
    const wasm = this.#live;
    if (inputs.length !== this.inputs.length) {
      throw new TypeError(`the model takes ${this.inputs.length} inputs, not ${inputs.length}`);
    }
    inputs.forEach((data, i) => {
      const view = this.#view(0, i);
      const { type, shape } = this.inputs[i];
      if (kindOf(data) !== kindOf(view) || data.length !== view.length) {
        const given = ArrayBuffer.isView(data) ? `${data.constructor.name} of ${data.length ?? data.byteLength}`
          : typeof data;
        throw new TypeError(`input ${i} must be ${view.constructor.name} of ${view.length} elements ` +
          `(${type} ${shape.join(' x ')}), not ${given}`);
      }
      view.set(data);
    });
    this.#check(wasm.mn_web_run());
    return this.outputs.map((_, i) => this.#view(1, i).slice());
  }

  #room(bytes) {
    const wasm = this.#wasm;
    if (this.#pixels.bytes < bytes) {
      wasm.mn_web_free(this.#pixels.at);
      this.#pixels.bytes = 0;
      this.#pixels.at = wasm.mn_web_allocate(bytes);
      if (this.#pixels.at === 0) throw new Error(`out of memory: an image of ${bytes} bytes`);
      this.#pixels.bytes = bytes;
    }
    return this.#pixels.at;
  }

  classify(image, count = 5) {
    const wasm = this.#live;
    const { data, width, height } = image ?? {};
    const channels = data?.length / (width * height);
    if (!/^Uint8(Clamped)?Array$/.test(kindOf(data)) || (channels !== 3 && channels !== 4)) {
      throw new TypeError('the image must be ImageData, or { data, width, height } ' +
        'with width x height x 3 bytes (RGB) or x 4 (RGBA)');
    }
    const at = this.#room(data.length);
    new Uint8Array(wasm.memory.buffer, at).set(data);
    const found = this.#check(wasm.mn_web_classify(at, width, height, channels === 4 ? 1 : 0, count));
    const memory = new DataView(wasm.memory.buffer);
    return Array.from({ length: found }, (_, i) => {
      const from = wasm.mn_web_best() + i * CLASS_BYTES;
      return {
        index: memory.getInt32(from, true),
        probability: memory.getFloat32(from + 4, true),
        score: memory.getFloat32(from + 8, true),
        name: this.#text(memory.getUint32(from + 16, true)),
      };
    });
  }

  dispose() {
    this.#wasm = undefined;
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.dispose();
  }
}

export async function load(model, { name = 'model', labels = [], wasm: source } = {}) {
  const bytes = bytesOf(model, 'the model');
  if (!Array.isArray(labels)) throw new TypeError('labels must be an array with the name of each class');
  const wasm = await instantiate(source);
  const put = (data) => {
    const at = wasm.mn_web_allocate(data.length);
    if (at === 0) throw new Error(`${name}: out of memory: ${data.length} bytes`);
    new Uint8Array(wasm.memory.buffer, at).set(data);
    return at;
  };
  const text = (string) => put(new TextEncoder().encode(string + '\0'));
  const texts = labels.map((label) => `${label}\0`).join('');
  const opened = wasm.mn_web_open(put(bytes), bytes.length, text(name), text(texts), labels.length);
  if (opened < 0) {
    const memory = new Uint8Array(wasm.memory.buffer);
    const at = wasm.mn_web_error();
    throw new Error(new TextDecoder().decode(memory.subarray(at, memory.indexOf(0, at))));
  }
  return new Model(wasm, ARRAYS);
}
