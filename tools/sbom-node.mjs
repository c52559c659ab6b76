// What builds and tests the program, as a CycloneDX document on standard output: every Node package
// of one lock file with its version, licence and hash. None of them is part of the program.
// Usage: node tools/sbom-node.mjs FOLDER-OF-A-LOCK-FILE
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const lock = JSON.parse(readFileSync(join(process.argv[2], 'package-lock.json'), 'utf8'));
const found = Object.entries(lock.packages).filter(([place]) => place !== '');
const nameOf = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
const reference = (place) =>
  `pkg:npm/${nameOf(place).replace('@', '%40')}@${lock.packages[place].version}`;

// As Node looks for it: beside the package that asks, then beside whatever holds that one.
const resolve = (place, name) => {
  for (let beside = place; ; ) {
    const candidate = `${beside && `${beside}/`}node_modules/${name}`;
    if (lock.packages[candidate]) return candidate;
    if (!beside) return undefined;
    beside = beside.includes('/node_modules/')
      ? beside.slice(0, beside.lastIndexOf('/node_modules/'))
      : '';
  }
};
const neededBy = (place) => {
  const { dependencies = {}, optionalDependencies = {} } = lock.packages[place];
  const places = Object.keys({ ...dependencies, ...optionalDependencies })
    .map((name) => resolve(place, name));
  return [...new Set(places.filter(Boolean).map(reference))].sort();
};
const component = ([place, { version, license, integrity }]) => {
  const [algorithm, hash] = integrity.split('-', 2);
  return {
    type: 'library',
    'bom-ref': reference(place),
    name: nameOf(place),
    version,
    scope: 'excluded',
    hashes: [{
      alg: algorithm.replace('sha', 'SHA-'),
      content: Buffer.from(hash, 'base64').toString('hex'),
    }],
    licenses: [{ expression: license }],
    purl: reference(place),
  };
};
// The same package can stand in several places.
const once = new Map(found.map((entry) => [reference(entry[0]), entry]));
const entries = [...once.keys()].sort().map((key) => once.get(key));
const needed = new Map();
for (const [place] of found) {
  const before = needed.get(reference(place)) ?? [];
  needed.set(reference(place), [...new Set([...before, ...neededBy(place)])].sort());
}
const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', 'bom-ref': lock.name, name: lock.name } },
  components: entries.map(component),
  dependencies: [
    { ref: lock.name, dependsOn: neededBy('') },
    ...[...needed].sort().map(([ref, dependsOn]) => ({ ref, dependsOn })),
  ],
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
