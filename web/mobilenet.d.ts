// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

/** Element types of tensors. */
export type TensorType = 'float32' | 'float16' | 'int8' | 'uint8' | 'int16' | 'int32' | 'int64';

/** Elements of a tensor: Uint16Array holds the bits of float16, BigInt64Array int64, the others what their name says. */
export type TensorData =
  | Float32Array | Uint16Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

/** Facts about an input or output. If it is quantised, real = scale * (stored - zeroPoint). */
export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** 0 if the tensor is not quantised. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** One class of a result. */
export interface Class {
  readonly index: number;
  readonly name: string;
  /** 0 to 1. */
  readonly probability: number;
  /** Ranks classes; probabilities are its softmax, before rounding to 8 bits. */
  readonly score: number;
}

/** Pixels, the top row first, as in ImageData: RGBA, whose alpha is dropped, or RGB. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface LoadOptions {
  /** The name of the model in error messages. Default: "model". */
  name?: string;
  /** Names of the classes, as many as the model has. Default: the model's own, else ImageNet's for 1000 or 1001. */
  labels?: readonly string[];
  /** URL or contents of mobilenet.wasm, if it is not the file beside this module. The object is a WebAssembly.Module, a
   *  type that projects for Node.js alone do not have. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | object;
}

/** A model, ready to run. It has its own memory, which is freed with it. */
export class Model {
  private constructor();

  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];

  /** How pictures are converted to the input, as text; undefined if the model is not a classifier of pictures. */
  readonly preprocessing: string | undefined;

  /** Runs the model once. Takes the elements of each input and returns copies of those of each output.
   *  Throws a TypeError for the wrong number, type or length of inputs. */
  run(...inputs: TensorData[]): TensorData[];

  /** The most probable classes of a picture, best first; it is resized, normalised and quantised as the model requires.
   *  Throws an Error with the library's sentence if the model is not a classifier of pictures. */
  classify(image: Pixels, count?: number): Class[];

  /** Frees the model. Using it afterwards is an error. */
  dispose(): void;
}

/** True if mobilenet.wasm can run: WebAssembly with SIMD is available. */
export function supported(): boolean;

/** Creates a model from the contents of a .tflite file, which are copied.
 *  Rejects with an Error with the library's sentence for a file that is damaged or not supported. */
export function load(model: ArrayBuffer | ArrayBufferView, options?: LoadOptions): Promise<Model>;
