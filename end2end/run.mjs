// node end2end/run.mjs [--on postgres] [NAME…]: the stories in *.test.mjs, each file in a process
// of its own. With a NAME only the files, or else the tests, whose name holds it. On PostgreSQL
// each story has a database of its own on the server that tools/with-postgres.sh starts.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals: wanted } = parseArgs({
  options: { on: { type: 'string', default: 'sqlite' } },
  allowPositionals: true,
});
process.env.PAYDOWN_TEST_ON = values.on;
const { binary, prepareDemo } = await import('./server.mjs');

const here = import.meta.dirname;
if (!existsSync(binary)) {
  console.error(`There is no server at ${binary}: cargo build --release --package server`);
  process.exit(1);
}
const all = readdirSync(here).filter((name) => name.endsWith('.test.mjs'));
const holds = (name) => wanted.some((word) => name.includes(word));
const named = wanted.length > 0 ? all.filter(holds) : all;
const files = named.length > 0 ? named : all;
const pattern = named.length > 0 ? [] : wanted.map((word) => `--test-name-pattern=${word}`);

const demo = prepareDemo();
const told = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=2', ...pattern]
    .concat(files.map((name) => join(here, name))),
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      PAYDOWN_TEST_DEMO_FOLDER: demo.folder,
      PAYDOWN_TEST_DEMO_DATABASE: demo.database,
    },
  },
);
demo.remove();
process.exit(told.status ?? 1);
