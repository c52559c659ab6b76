// What a first visit downloads: the document and every file it names that a browser fetches,
// packed with brotli as the build left them.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { say, table, thousands } from './report.mjs';

const dist = resolve(import.meta.dirname, '../../dist');

// Empty routes of React 19, its router and a decimal library, bundled and packed the same way;
// measured once and kept here, as nothing of it is part of this project.
const REACT_SKELETON = 84_081;

export function weight() {
  const document = readFileSync(join(dist, 'index.html'), 'utf8');
  const names = new Set(['index.html']);
  for (const [, name] of document.matchAll(/[=/"']([\w-]+\.(?:js|wasm|css|svg))\b/g)) {
    names.add(name);
  }
  const bytes = (name) => {
    const packed = join(dist, `${name}.br`);
    return statSync(existsSync(packed) ? packed : join(dist, name)).size;
  };
  const kinds = new Map();
  for (const name of names) kinds.set(kindOf(name), [...(kinds.get(kindOf(name)) ?? []), name]);
  const rows = [...kinds].map(([kind, files]) => [
    kind,
    files.length,
    files.map(bytes).reduce((sum, more) => sum + more, 0),
  ]);
  const total = rows.reduce((sum, [, , more]) => sum + more, 0);
  const ratio = (total / REACT_SKELETON).toFixed(2);
  table(
    ['first page', 'files', 'bytes, brotli'],
    [
      ...rows.map(([kind, files, more]) => [kind, files, thousands(more)]),
      ['all', names.size, thousands(total)],
      ['a React skeleton with empty routes (recorded)', '–', thousands(REACT_SKELETON)],
    ],
  );
  say(`That is ${ratio} of the skeleton. Target: at most 120,000 bytes; extreme: 100,000.\n`);
}

const kindOf = (name) => name.split('.').at(-1);
