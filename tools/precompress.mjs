// Trunk runs this on the finished files of a release build: writes file.br and file.gz beside each
// file that compresses, and refuses an app that grew too heavy for a payer's first visit.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

// What either toolchain makes today, and no more. The target is 120,000 (docs/PERFORMANCE.md): the
// pay pages, a document of their own already, are the next part to leave the first page.
const MOST_BYTES = 210_000;
const folder = process.env.TRUNK_STAGING_DIR;
const compresses = /\.(html|js|css|wasm|svg|json|txt|webmanifest)$/;

function brotli(content) {
  const { BROTLI_PARAM_QUALITY: QUALITY, BROTLI_PARAM_SIZE_HINT: SIZE_HINT } = zlib.constants;
  return zlib.brotliCompressSync(content, { params: { [QUALITY]: 11, [SIZE_HINT]: content.length } });
}

function compress(name) {
  const file = path.join(folder, name);
  const content = fs.readFileSync(file);
  const small = brotli(content);
  fs.writeFileSync(`${file}.br`, small);
  fs.writeFileSync(`${file}.gz`, zlib.gzipSync(content, { level: 9 }));
  console.log(`${String(small.length).padStart(9)}  ${name}`);
  return small.length;
}

if (process.env.TRUNK_PROFILE === 'release') {
  const names = fs.readdirSync(folder, { recursive: true }).filter((name) => compresses.test(name));
  const total = names.sort().map(compress).reduce((sum, bytes) => sum + bytes, 0);
  console.log(`${String(total).padStart(9)}  bytes brotli in all; at most ${MOST_BYTES} are allowed`);
  process.exitCode = total > MOST_BYTES ? 1 : 0;
}
