// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The same as tests/outputs.c: runs a model on bytes from a fixed sequence and hashes what it gives (FNV-1a).
// Without imports, as the page gets it as text.
export function hashOutputs(model) {
  let state = 1;
  let sum = 0xcbf29ce484222325n;
  const inputs = model.inputs.map(({ type, shape }) => {
    const Elements = type === 'int8' ? Int8Array : Uint8Array;
    state = 1;
    return Elements.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
  });
  for (const output of model.run(...inputs)) {
    for (const value of output) sum = BigInt.asUintN(64, (sum ^ BigInt(value & 255)) * 0x100000001b3n);
  }
  return sum.toString(16).padStart(16, '0');
}

export function hashesIn(text) {
  return text.trim().split('\n').map((line) => line.split(' '));
}
