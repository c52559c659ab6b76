// What the program is made of, as a CycloneDX document on standard output: every crate of the
// server and of the app with its version, licence, origin and hash. The same tree gives the same
// document, so two releases can be compared.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const platforms = ['x86_64-unknown-linux-gnu', 'wasm32-unknown-unknown'];
const told = JSON.parse(
  execFileSync(
    'cargo',
    ['metadata', '--locked', '--format-version', '1',
      ...platforms.flatMap((platform) => ['--filter-platform', platform])],
    { maxBuffer: 1 << 28 },
  ),
);

// [[package]] blocks of the lock file: name, version, checksum.
const hashes = new Map();
for (const block of readFileSync('Cargo.lock', 'utf8').split('[[package]]')) {
  const field = (name) => block.match(new RegExp(`^${name} = "(.*)"$`, 'm'))?.[1];
  hashes.set(`${field('name')} ${field('version')}`, field('checksum'));
}

// What runs, and what is built in: tests and their tools are no part of the program.
const nodes = new Map(told.resolve.nodes.map((node) => [node.id, node]));
const packages = new Map(told.packages.map((found) => [found.id, found]));
const reached = new Set();
const visit = (id) => {
  if (reached.has(id)) return;
  reached.add(id);
  for (const dependency of nodes.get(id).deps) {
    if (dependency.dep_kinds.some(({ kind }) => kind !== 'dev')) visit(dependency.pkg);
  }
};
for (const found of told.packages) {
  if (!found.source && ['server', 'app'].includes(found.name)) visit(found.id);
}

const reference = (id) => {
  const { name, version } = packages.get(id);
  return `pkg:cargo/${name}@${version}`;
};
const component = (id) => {
  const { name, version, license, source } = packages.get(id);
  const hash = hashes.get(`${name} ${version}`);
  return {
    type: source ? 'library' : 'application',
    'bom-ref': reference(id),
    name,
    version,
    ...(hash && { hashes: [{ alg: 'SHA-256', content: hash }] }),
    licenses: [{ expression: license.replaceAll('/', ' OR ') }],
    purl: reference(id),
  };
};
const ids = [...reached].sort((one, other) => (reference(one) < reference(other) ? -1 : 1));
const document = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', name: 'paydown', version: told.packages
    .find(({ name, source }) => name === 'server' && !source).version } },
  components: ids.map(component),
  dependencies: ids.map((id) => ({
    ref: reference(id),
    dependsOn: nodes.get(id).deps.map(({ pkg }) => pkg).filter((pkg) => reached.has(pkg))
      .map(reference).sort(),
  })),
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
