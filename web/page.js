// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

// The page: photos, files and camera frames in, five classes out. Built into one file (build.mjs), it holds what it
// needs as elements whose id is the name of a file; as it is here, it fetches them.
import { load, supported } from './mobilenet.js';

const CLASSES = 5;
const EXAMPLES = ['stop', 'children', 'roundabout', 'yield'];

const element = (id) => document.getElementById(id);
const photo = element('photo');
const pixels = photo.getContext('2d', { willReadFrequently: true });

let model;    // the Model in use
let file;     // { name, bytes } of it
let labels;   // names of its classes, or undefined
let camera;   // the video while the camera is on
let shown;    // whether there is something in `photo`

async function asset(name) {
  const inlined = element(name);
  if (inlined) return Uint8Array.from(atob(inlined.textContent), (char) => char.charCodeAt(0));
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: cannot be loaded: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

function complain(error) {
  element('problem').textContent = error ? error.message : '';
  element('problem').hidden = !error;
}

// What an event starts: its failure is told, not lost.
const guarded = (action) => async (...args) => {
  try {
    complain();
    await action(...args);
  } catch (error) {
    complain(error);
  }
};

// ---- Answers ----

const readable = (name) => name.replaceAll('_', ' ');
const percent = (probability) => `${(100 * probability).toFixed(1)} %`;

function tell(classes, milliseconds) {
  element('classes').replaceChildren(...classes.map(({ name, probability, index }) => {
    const item = document.createElement('li');
    const part = document.createElement('span');
    item.dataset.index = index;
    item.dataset.probability = probability;
    item.style.setProperty('--part', `${100 * probability}%`);
    part.textContent = percent(probability);
    item.append(readable(name), part);
    return item;
  }));
  // A screen reader says the best class, too; not for each frame of a camera.
  const [{ name, probability }] = classes;
  const spoken = document.createElement('span');
  spoken.className = 'spoken';
  spoken.textContent = ` ${readable(name)}, ${percent(probability)}.`;
  element('time').setAttribute('aria-live', camera ? 'off' : 'polite');
  element('time').replaceChildren(`Classified in ${milliseconds.toFixed(1)} ms, resizing included.`, spoken);
}

function classify() {
  if (!model || !shown) return;
  const image = pixels.getImageData(0, 0, photo.width, photo.height, { colorSpace: 'srgb' });
  const start = performance.now();
  const classes = model.classify(image, CLASSES);
  tell(classes, performance.now() - start);
  photo.setAttribute('aria-label', `Photo: ${readable(classes[0].name)}`);
}

function show(source, width, height) {
  photo.width = width;
  photo.height = height;
  pixels.drawImage(source, 0, 0);
  shown = true;
  element('hint').hidden = true;
  element('drop').classList.add('full');
  classify();
}

// ---- Photos ----

async function showPhoto(blob) {
  stopCamera();
  let bitmap;
  try {
    // The pixels as they are stored, upright: what the command line sees.
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  } catch {
    throw new Error(`${blob.name ?? 'the picture'}: is not a picture that this browser can read; use JPEG, PNG or WebP`);
  }
  show(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
}

function stopCamera() {
  camera?.srcObject.getTracks().forEach((track) => track.stop());
  camera = undefined;
  element('camera').setAttribute('aria-pressed', 'false');
  element('camera').textContent = 'Use the camera';
}

async function startCamera() {
  if (!navigator.mediaDevices) throw new Error('This page may not use a camera; open it by https or from localhost.');
  const video = document.createElement('video');
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  } catch (error) {
    throw new Error(`The camera cannot be used: ${error.message}`);
  }
  video.muted = true;
  video.playsInline = true;
  await video.play();
  camera = video;
  element('camera').setAttribute('aria-pressed', 'true');
  element('camera').textContent = 'Stop the camera';
  const next = guarded(() => {
    if (camera !== video) return;
    show(video, video.videoWidth, video.videoHeight);
    requestAnimationFrame(next);
  });
  await next();
}

// ---- Models ----

async function use(bytes, name) {
  const wasm = await wasmModule;
  const next = await load(bytes, { name, labels, wasm });
  if (next.preprocessing === undefined) {
    next.dispose();
    throw new Error(`${name}: is a model, but no classifier of pictures`);
  }
  next.classify({ data: new Uint8Array(3), width: 1, height: 1 }, 1); // browsers compile what runs for the first time
  model?.dispose();
  model = next;
  file = { name, bytes };
  const [size, type] = model.preprocessing.split(', ');
  element('model').textContent = `${name}, ${(bytes.length / 1e6).toFixed(2)} MB: ${size}, ${type}`;
  element('time').textContent = 'Ready.';
  element('classes').replaceChildren();
  classify();
}

// Files that were dropped or chosen together: a model, its labels, a photo.
async function take(files) {
  const find = (pattern) => files.find(({ name }) => pattern.test(name));
  const names = find(/\.txt$/i);
  const next = find(/\.tflite$/i);
  const picture = files.find((one) => one !== names && one !== next);
  if (next || names) {
    const before = labels;
    labels = names && (await names.text()).split(/\r?\n/).filter((line) => line.trim() !== '');
    try {
      await use(next ? new Uint8Array(await next.arrayBuffer()) : file.bytes, next ? next.name : file.name);
    } catch (error) {
      labels = before;
      throw error;
    }
    if (next) element('examples').hidden = true; // they are for the model that comes with the page
  }
  if (picture) await showPhoto(picture);
}

function addExample(name, bytes) {
  const button = document.createElement('button');
  const image = document.createElement('img');
  const blob = new Blob([bytes], { type: 'image/jpeg' });
  image.src = URL.createObjectURL(blob);
  image.alt = `Example: a road sign, ${readable(name)}`;
  button.type = 'button';
  button.append(image);
  button.addEventListener('click', guarded(() => showPhoto(blob)));
  element('examples').append(button);
}

// ---- Start ----

let wasmModule;

async function start() {
  element('choose').addEventListener('change', guarded(({ target }) => take([...target.files])));
  element('open').addEventListener('change', guarded(({ target }) => take([...target.files])));
  element('camera').addEventListener('click', guarded(() => (camera ? stopCamera() : startCamera())));
  addEventListener('paste', guarded(({ clipboardData }) => take([...clipboardData.files])));
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('over');
  });
  addEventListener('dragleave', () => document.body.classList.remove('over'));
  addEventListener('drop', guarded(async (event) => {
    event.preventDefault();
    document.body.classList.remove('over');
    await take([...event.dataTransfer.files]);
  }));
  element('time').textContent = '';
  if (!supported()) {
    throw new Error('This browser has no WebAssembly SIMD, which this page needs; use a version of 2023 or later.');
  }
  element('time').textContent = 'Loading the model …';
  wasmModule = asset('mobilenet.wasm').then((bytes) => WebAssembly.compile(bytes));
  await wasmModule;
  labels = new TextDecoder().decode(await asset('signs.labels.txt')).trim().split('\n');
  await use(await asset('signs.tflite'), 'signs.tflite');
  for (const name of EXAMPLES) addExample(name, await asset(`${name}.jpg`));
  if (location.protocol.startsWith('http') && 'serviceWorker' in navigator) await navigator.serviceWorker.register('sw.js');
}

globalThis.mobilenet = { load, supported, asset }; // for the console
globalThis.mobilenet.ready = guarded(start)();
