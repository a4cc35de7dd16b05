// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors
//
// usage: node web/build.mjs WASM MODEL OUT
//
// Makes OUT/package, the npm package, and OUT/page/index.html, the page with all it needs in one file. WASM is the
// compiled module, MODEL the .tflite of the signs. scripts/web.sh does all of it.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PACKAGE = ['mobilenet.js', 'mobilenet.d.ts', 'package.json', 'README.md'];
const [wasm, model, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node web/build.mjs WASM MODEL OUT');
  process.exit(2);
}

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const source = (name) => readFile(join(here, name), 'utf8');

// The two scripts as one: what one exports the other has.
function joined(library, page) {
  return library.replace(/^export /gm, '') + page.replace(/^import .*\n/m, '');
}

async function embedded(name, path) {
  const bytes = await readFile(path);
  return `<script type="application/octet-stream" id="${name}">${bytes.toString('base64')}</script>\n`;
}

async function page() {
  const script = joined(await source('mobilenet.js'), await source('page.js'));
  const examples = JSON.parse(script.match(/EXAMPLES = (\[.*\])/)[1].replaceAll("'", '"'));
  const models = join(here, '../models');
  const assets = await Promise.all([
    embedded('mobilenet.wasm', wasm),
    embedded('signs.tflite', model),
    embedded('signs.labels.txt', join(models, 'signs_0.35_96.labels.txt')),
    ...examples.map((name) => embedded(`${name}.jpg`, join(models, 'signs', name, '00000.jpg'))),
  ]);
  const style = await source('style.css');
  return (await source('index.html'))
    .replace('<link rel="stylesheet" href="style.css">', () => `<style>\n${style}</style>`)
    .replace('<script type="module" src="page.js"></script>',
      () => `${assets.join('')}<script type="module">\n${script}</script>`);
}

await mkdir(join(out, 'package'), { recursive: true });
await mkdir(join(out, 'page'), { recursive: true });
for (const name of PACKAGE) await copyFile(join(here, name), join(out, 'package', name));
await copyFile(join(here, '../LICENSE'), join(out, 'package', 'LICENSE'));
await copyFile(wasm, join(out, 'package', 'mobilenet.wasm'));
await copyFile(join(here, 'sw.js'), join(out, 'page', 'sw.js'));
await writeFile(join(out, 'page', 'index.html'), await page());
