// node end2end/run.mjs [NAME]: the stories in *.test.mjs, each file in a process of its own.
// With a NAME only the files, or else the tests, whose name holds it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { binary, prepareDemo } from './server.mjs';

const here = import.meta.dirname;
if (!existsSync(binary)) {
  console.error(`There is no server at ${binary}: cargo build --release --package server`);
  process.exit(1);
}
const wanted = process.argv[2];
const all = readdirSync(here).filter((name) => name.endsWith('.test.mjs'));
const named = wanted ? all.filter((name) => name.includes(wanted)) : all;
const files = named.length > 0 ? named : all;
const pattern = named.length > 0 ? [] : [`--test-name-pattern=${wanted}`];

const demo = prepareDemo();
const told = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=2', ...pattern]
    .concat(files.map((name) => join(here, name))),
  { stdio: 'inherit', env: { ...process.env, PAYDOWN_TEST_DEMO_FOLDER: demo.folder } },
);
demo.remove();
process.exit(told.status ?? 1);
