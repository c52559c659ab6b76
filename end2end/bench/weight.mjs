// What a visit downloads: each document and every file it names that a browser fetches, packed
// with brotli as the build left them.
import { resolve } from 'node:path';
import { bytesOf, filesOf } from '../../tools/app-weight.mjs';
import { say, table, thousands } from './report.mjs';

const dist = resolve(import.meta.dirname, '../../dist');

// Empty routes of React 19, its router and a decimal library, bundled and packed the same way;
// measured once and kept here, as nothing of it is part of this project.
const REACT_SKELETON = 84_081;

export function weight() {
  const first = filesOf(dist, 'index.html');
  const paying = filesOf(dist, 'pay.html').filter((name) => !first.includes(name));
  const total = sum(first);
  table(
    ['downloaded', 'files', 'bytes, brotli'],
    [
      ...byKind('first visit', first),
      ['first visit, all', first.length, thousands(total)],
      ...byKind('going on to pay', paying),
      ['going on to pay, all', paying.length, thousands(sum(paying))],
      ['a React skeleton with empty routes (recorded)', '–', thousands(REACT_SKELETON)],
    ],
  );
  const ratio = (total / REACT_SKELETON).toFixed(2);
  say(
    `A first visit is ${ratio} of the skeleton. Target: at most 120,000 bytes; extreme: 100,000. ` +
      'What going on to pay adds is fetched ahead, once something to pay is shown.\n',
  );
}

const sum = (names) => names.reduce((total, name) => total + bytesOf(dist, name), 0);

function byKind(what, names) {
  const kinds = new Map();
  for (const name of names) kinds.set(kindOf(name), [...(kinds.get(kindOf(name)) ?? []), name]);
  return [...kinds].map(([kind, files]) => [`${what}, ${kind}`, files.length, thousands(sum(files))]);
}

const kindOf = (name) => name.split('.').at(-1);
