// What a browser downloads for a document of the app, packed with brotli as the build left it.
import fs from 'node:fs';
import path from 'node:path';

/** The document and every file it names, but for those it keeps for later in a template. */
export function filesOf(folder, document) {
  const html = fs.readFileSync(path.join(folder, document), 'utf8');
  const now = html.replace(/<template[^]*?<\/template>/g, '');
  const named = now.matchAll(/[=/"']([\w-]+\.(?:js|wasm|css|svg))\b/g);
  return [...new Set([document, ...[...named].map(([, name]) => name)])];
}

export function bytesOf(folder, name) {
  const packed = path.join(folder, `${name}.br`);
  return fs.statSync(fs.existsSync(packed) ? packed : path.join(folder, name)).size;
}
