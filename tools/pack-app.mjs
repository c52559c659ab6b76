// Joins the app's documents, which Trunk built one by one, into dist/: writes file.br and file.gz
// beside each file that compresses, and refuses a document that grew too heavy for a visit.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { bytesOf, filesOf } from './app-weight.mjs';

// For the standard library that is built with the app, for size; Rust's own, which came built for
// speed, weighs more (docs/PERFORMANCE.md) and only has its weight said.
const MOST_BYTES = { 'index.html': 120_000, 'pay.html': 150_000, 'desk.html': 220_000 };
const built = '.tools/dist';
const joined = path.join(built, 'joined');
const compresses = /\.(html|js|css|wasm|svg|json|txt|webmanifest)$/;
const documents = Object.keys(MOST_BYTES);

function brotli(content) {
  const { BROTLI_PARAM_QUALITY: QUALITY, BROTLI_PARAM_SIZE_HINT: SIZE_HINT } = zlib.constants;
  return zlib.brotliCompressSync(content, { params: { [QUALITY]: 11, [SIZE_HINT]: content.length } });
}

function compress(name) {
  const file = path.join(joined, name);
  const content = fs.readFileSync(file);
  fs.writeFileSync(`${file}.br`, brotli(content));
  fs.writeFileSync(`${file}.gz`, zlib.gzipSync(content, { level: 9 }));
}

/** Names what paying needs where the first document can fetch it ahead of the press. */
function foretellPaying() {
  const file = path.join(joined, 'index.html');
  const html = fs.readFileSync(file, 'utf8');
  const here = filesOf(joined, 'index.html');
  const links = filesOf(joined, 'pay.html')
    .filter((name) => name !== 'pay.html' && !here.includes(name))
    .map((name) => `<link rel="prefetch" crossorigin="anonymous" href="/${name}">`);
  const template = `<template id="paying-ahead">${links.join('')}</template>`;
  fs.writeFileSync(file, html.replace('</body>', `${template}</body>`));
}

/** Whether the document is light enough. */
function weigh(document) {
  const files = filesOf(joined, document).map((name) => [bytesOf(joined, name), name]);
  const total = files.reduce((sum, [bytes]) => sum + bytes, 0);
  for (const [bytes, name] of files) console.log(`${String(bytes).padStart(9)}  ${name}`);
  const most = MOST_BYTES[document];
  const counts = Boolean(process.env.CARGO_UNSTABLE_BUILD_STD);
  const limit = counts ? `at most ${most} are allowed` : `${most} is the limit with Debian's Rust`;
  console.log(`${String(total).padStart(9)}  bytes brotli for ${document}; ${limit}`);
  return total <= most || !counts;
}

fs.rmSync(joined, { recursive: true, force: true });
for (const document of documents) {
  fs.cpSync(path.join(built, document), joined, { recursive: true });
}
foretellPaying();
fs.readdirSync(joined).filter((name) => compresses.test(name)).sort().forEach(compress);
if (!documents.map(weigh).every(Boolean)) process.exit(1);
fs.rmSync('dist', { recursive: true, force: true });
fs.renameSync(joined, 'dist');
