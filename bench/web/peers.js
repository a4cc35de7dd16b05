// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// In the browser: the engines in turns, one thread each, on one model and one picture. peers.mjs opens the page with this
// script and calls prepare() and times().

// Engines are functions of the model's bytes to functions that set the input and run once, and return the output's
// elements.
const engines = {
  async 'mobilenet.c'(bytes) {
    const { load } = await import('/package/mobilenet.js');
    const model = await load(bytes);
    return (input) => model.run(input)[0];
  },

  async 'tfjs-tflite'(bytes, input) {
    await script('/node_modules/@tensorflow/tfjs-tflite/wasm/tflite_web_api_client.js');
    tfweb.tflite_web_api.setWasmPath('/node_modules/@tensorflow/tfjs-tflite/wasm/');
    const runner = await tfweb.TFLiteWebModelRunner.create(bytes.buffer, { numThreads: 1 });
    const cells = (tensor) => tensor.data();
    const same = (data) => new input.constructor(data.buffer, data.byteOffset, data.byteLength);
    return (pixels) => {
      same(cells(runner.getInputs()[0])).set(pixels);
      runner.infer();
      return same(cells(runner.getOutputs()[0])).slice();
    };
  },

  async 'LiteRT.js'(bytes) {
    const { loadLiteRt, loadAndCompile, Tensor } = await import('/node_modules/@litertjs/core/dist/index.js');
    await loadLiteRt('/node_modules/@litertjs/core/wasm/', { threads: false });
    const model = await loadAndCompile(bytes, { accelerator: 'wasm' });
    const shape = [...model.getInputDetails()[0].shape];
    return async (pixels) => {
      const tensor = new Tensor(pixels, shape);
      const [result] = await model.run([tensor]);
      const data = result.toTypedArray().slice();
      tensor.delete();
      result.delete();
      return data;
    };
  },

  async 'onnxruntime-web'(bytes, input, onnx) {
    if (!onnx) throw new Error('no ONNX model was given');
    const ort = await import('/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs');
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = '/node_modules/onnxruntime-web/dist/';
    const session = await ort.InferenceSession.create(onnx, { executionProviders: ['wasm'] });
    const { name, type, shape } = session.inputMetadata[0];
    const tensor = new ort.Tensor(type, planes(input, type, shape), shape);
    return async () => (await session.run({ [name]: tensor }))[session.outputNames[0]].data.slice();
  },
};

// The same picture as ONNX has it, channel by channel: stored unsigned, or as real numbers.
function planes(input, type, [, channels, height, width]) {
  const area = height * width;
  const stored = new Uint8Array(area * channels);
  const shift = input instanceof Int8Array ? 128 : 0;
  for (let i = 0; i < stored.length; i++) stored[i % channels * area + Math.floor(i / channels)] = input[i] + shift;
  return type === 'uint8' ? stored : Float32Array.from(stored, (value) => value / 127.5 - 1);
}

function script(address) {
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.src = address;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`${address} cannot be loaded`));
    document.head.append(element);
  });
}

const bytesAt = async (address) => new Uint8Array(await (await fetch(address)).arrayBuffer());

const ready = {};
let input;
let first;

// Makes an engine ready: runs it until the browser's compilers have finished, and tells how far its output is from the
// first engine's.
globalThis.prepare = async ({ name, size, isSigned, runs, hasOnnx }) => {
  const Elements = isSigned ? Int8Array : Uint8Array;
  input ??= Elements.from({ length: size }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  try {
    const onnx = hasOnnx ? await bytesAt('/model.onnx') : undefined;
    const run = await engines[name](await bytesAt('/model.tflite'), input, onnx);
    const output = await run(input);
    first ??= output;
    for (let i = 0; i < runs; i++) await run(input);
    ready[name] = run;
    if (output.constructor !== first.constructor) return {};
    return { difference: first.reduce((most, value, i) => Math.max(most, Math.abs(value - output[i])), 0) };
  } catch (error) {
    return { problem: String(error?.message ?? error) };
  }
};

// The least milliseconds of some runs.
globalThis.times = async (name, runs) => {
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await ready[name](input);
    least = Math.min(least, performance.now() - start);
  }
  return least;
};
globalThis.mobilenet = { ready: Promise.resolve() }; // what tests/web/chromium.mjs waits for
