// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// Uses of the package that must have the types that they say, and one that must not pass.
import { load, supported, type Class, type Model, type TensorData } from 'mobilenet-c';

export async function use(bytes: ArrayBuffer, image: ImageData): Promise<string> {
  if (!supported()) return 'no SIMD';
  const model: Model = await load(bytes, { name: 'a', labels: ['b'], wasm: new URL('https://example.org/m.wasm') });
  const outputs: TensorData[] = model.run(new Int8Array(model.inputs[0]!.shape.length));
  const best: Class[] = model.classify(image, outputs.length);
  model.classify({ data: new Uint8Array(3), width: 1, height: 1 });
  // @ts-expect-error: a path is no model
  await load('model.tflite');
  // @ts-expect-error: and a number no module
  await load(bytes, { wasm: 1 });
  await load(bytes, { wasm: await WebAssembly.compile(bytes) });
  model.dispose();
  return `${best[0]?.name} ${best[0]?.probability.toFixed(2)}`;
}
