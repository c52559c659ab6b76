// Where a server under test keeps its data: a SQLite file in its own folder, or, where
// PAYDOWN_TEST_ON is postgres, a database of its own on the server at PAYDOWN_TEST_POSTGRES.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';

const onPostgres = process.env.PAYDOWN_TEST_ON === 'postgres';

/**
 * A new, empty database; with a `template`, a copy of that one. `tell` says a sentence of SQL to
 * it beside the server, for what no page can bring about.
 */
export function newDatabase(folder, template) {
  if (!onPostgres) return sqlite(folder);
  const name = `paydown_e2e_${randomBytes(8).toString('hex')}`;
  tellPostgres(`create database ${name}${template ? ` template ${template}` : ''}`);
  const url = new URL(postgresServer());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    tell: (sentence) => tellPostgres(sentence, url.href),
    remove: () => tellPostgres(`drop database if exists ${name} with (force)`),
  };
}

/** The file goes with its folder, and is copied with it. */
function sqlite(folder) {
  const file = join(folder, 'paydown.sqlite');
  return {
    url: `sqlite://${file}`,
    name: '',
    tell: (sentence) => run('python3', '-c', TELL_SQLITE, file, sentence),
    remove: () => {},
  };
}

const TELL_SQLITE = `
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as database:
    database.execute(sys.argv[2])
`;

function postgresServer() {
  const url = process.env.PAYDOWN_TEST_POSTGRES;
  if (!url) throw new Error('PAYDOWN_TEST_POSTGRES is not set: run this by tools/with-postgres.sh');
  return url;
}

function tellPostgres(sentence, database = postgresServer()) {
  const asked = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--command=${sentence}`];
  run(psql(), database, ...asked);
}

function run(program, ...told) {
  const ended = spawnSync(program, told, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${told.at(-1)}: ${ended.stderr ?? ended.error}`);
}

function psql() {
  const programs = resolve(import.meta.dirname, '..', 'tools', 'postgres-programs.sh');
  const found = spawnSync(programs, { encoding: 'utf8' });
  return found.status === 0 ? join(found.stdout.trim(), 'psql') : 'psql';
}
