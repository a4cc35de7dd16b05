// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

/** Element types of tensors. */
export type TensorType = 'float32' | 'float16' | 'int8' | 'uint8' | 'int16' | 'int32' | 'int64';

/** Elements of a tensor: Uint16Array holds the bits of float16, BigInt64Array int64, the others what they say. */
export type TensorData =
  | Float32Array | Uint16Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

/** What is known of an input or output. Where it is quantised, real = scale * (stored - zeroPoint). */
export interface TensorInfo {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  /** 0 where the tensor is not quantised. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** One class of an answer. */
export interface Class {
  readonly index: number;
  readonly name: string;
  /** 0 to 1. */
  readonly probability: number;
  /** What ranks classes; probabilities are its softmax, before 8 bits round them. */
  readonly score: number;
}

/** Pixels, the top row first, as ImageData has them: RGBA, of which alpha is dropped, or RGB. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface LoadOptions {
  /** Stands for the model in sentences of errors. Default: "model". */
  name?: string;
  /** Names of the classes, as many as the model has. Default: the model's own, else ImageNet's for 1000 or 1001. */
  labels?: readonly string[];
  /** Where mobilenet.wasm is, or what it holds, where the file beside this module is not it. The object is a
   *  WebAssembly.Module, a type that projects for Node.js alone do not have. */
  wasm?: string | URL | ArrayBuffer | ArrayBufferView | object;
}

/** A model, ready to run. It has its own memory, which goes with it. */
export class Model {
  private constructor();

  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];

  /** How pictures become the input, for people; undefined for a model that is no classifier of pictures. */
  readonly preprocessing: string | undefined;

  /** Runs the model once: the elements of each input in, of each output out, which are copies.
   *  Throws a TypeError for the wrong number, type or length of inputs. */
  run(...inputs: TensorData[]): TensorData[];

  /** The most probable classes of a picture, the best first: resized, normalised and quantised as the model says.
   *  Throws an Error with the library's sentence for a model that is no classifier of pictures. */
  classify(image: Pixels, count?: number): Class[];

  /** Frees the model. Using it afterwards is an error. */
  dispose(): void;
}

/** Whether there is what mobilenet.wasm needs: WebAssembly with SIMD. */
export function supported(): boolean;

/** Makes a model of the contents of a .tflite file, which are copied.
 *  Rejects with an Error that holds the library's sentence for a file that is damaged or not supported. */
export function load(model: ArrayBuffer | ArrayBufferView, options?: LoadOptions): Promise<Model>;
