// The real server under test: its own folder, its own database, its own free port.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newDatabase } from './databases.mjs';

const root = resolve(import.meta.dirname, '..');
export const binary =
  process.env.PAYDOWN_TEST_BINARY ??
  join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release', 'paydown');

/** Waits until `look` finds something, and returns it. */
export async function waitFor(what, look, seconds = 20) {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await pause(50);
  }
}

function freePort() {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.on('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}

function addressAt(port, host = '127.0.0.1') {
  return `http://${host}:${port}`;
}

/** A folder with a database of demo customers, for every server to begin with a copy of. */
export function prepareDemo() {
  const folder = mkdtempSync(join(tmpdir(), 'paydown-demo-'));
  const database = newDatabase(folder);
  const server = new PortalServer(folder, 0, database);
  server.run('demo');
  const remove = () => {
    database.remove();
    rmSync(folder, { recursive: true });
  };
  // What SQLite keeps beside its file belongs to it, so the folder is copied whole.
  return { folder, database: database.name, remove };
}

export class PortalServer {
  constructor(folder, port, database, settings = {}, host = '127.0.0.1') {
    this.folder = folder;
    this.url = addressAt(port, host);
    this.database = database;
    this.mailFolder = join(folder, 'mail');
    this.log = '';
    this.environment = {
      PATH: process.env.PATH,
      PAYDOWN_LISTEN: `127.0.0.1:${port}`,
      PAYDOWN_PUBLIC_URL: this.url,
      PAYDOWN_DATABASE_URL: database.url,
      PAYDOWN_DATA_DIR: folder,
      PAYDOWN_DEMO: 'true',
      ...settings,
    };
  }

  /**
   * Starts a portal; `load` fills its database before it serves. `settings` may be made for its
   * address.
   */
  static async start({ settings, load, host } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'paydown-e2e-'));
    const prepared = process.env.PAYDOWN_TEST_DEMO_FOLDER;
    const template = load ? '' : process.env.PAYDOWN_TEST_DEMO_DATABASE;
    const database = newDatabase(folder, template);
    const port = await freePort();
    const chosen = typeof settings === 'function' ? await settings(addressAt(port, host)) : settings;
    const server = new PortalServer(folder, port, database, chosen, host);
    if (load) load(server);
    else if (prepared) cpSync(prepared, folder, { recursive: true });
    else server.run('demo');
    await server.serve();
    return server;
  }

  async serve() {
    const { folder: cwd, environment: env } = this;
    this.process = spawn(binary, ['serve'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on('data', (text) => (this.log += text));
    }
    await waitFor('the server to answer', async () => {
      if (this.process.exitCode !== null) throw new Error(`the server ended:\n${this.log}`);
      return fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false);
    });
  }

  /** Runs another command of the program on the same database and returns what it prints. */
  run(...command) {
    const { folder: cwd, environment: env } = this;
    const ended = spawnSync(binary, command, { cwd, env, encoding: 'utf8' });
    if (ended.status !== 0) {
      throw new Error(`paydown ${command.join(' ')}: ${ended.stdout}${ended.stderr}`);
    }
    return ended.stdout;
  }

  async stop() {
    if (this.process && this.process.exitCode === null) {
      const ended = new Promise((done) => this.process.once('exit', done));
      this.process.kill('SIGTERM');
      // What is still connected would be waited for; nobody is.
      const late = setTimeout(() => this.process.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(late);
    }
    this.database.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes every link and code sent so far that many hours older than it is. */
  ageLinks(hours) {
    const micros = hours * 3_600_000_000;
    for (const table of ['sign_in_code', 'invitation']) {
      const older = `created_at = created_at - ${micros}, expires_at = expires_at - ${micros}`;
      this.database.tell(`update ${table} set ${older}`);
    }
  }

  /** What the log says went wrong on our side. */
  errors() {
    return this.log.split('\n').filter((line) => line.includes('"level":"ERROR"'));
  }

  /** The mails to one address, oldest first: subject and text, decoded. */
  mails(to) {
    if (!existsSync(this.mailFolder)) return [];
    return readdirSync(this.mailFolder)
      .filter((name) => name.endsWith('.eml'))
      .sort()
      .map((name) => readMail(readFileSync(join(this.mailFolder, name), 'latin1')))
      .filter((mail) => mail.to.includes(to));
  }

  /** Waits for the mail after the first `known` ones. */
  mail(to, known, subject = /./) {
    const look = () => this.mails(to).slice(known).find((mail) => subject.test(mail.subject));
    return waitFor(`a mail to ${to}`, look);
  }

  /**
   * How often a content security policy stopped something. With keys of the gateway nobody
   * counts; the browser's console tells of it in any case.
   */
  async policyReports() {
    // Only a demo tells their count; elsewhere the browser's console is asked alone.
    if (this.environment.PAYDOWN_STRIPE__SECRET_KEY) return 0;
    if (this.environment.PAYDOWN_DEMO === 'false') return 0;
    const answer = await fetch(`${this.url}/csp-reports/count`);
    return (await answer.json()).count;
  }
}

function readMail(raw) {
  const [head, ...rest] = raw.split('\r\n\r\n');
  const headers = head.replaceAll(/\r\n[ \t]+/g, ' ');
  const header = (name) => headers.match(new RegExp(`^${name}: (.*)$`, 'im'))?.[1] ?? '';
  const boundary = header('Content-Type').match(/boundary="?([^";]+)/)?.[1];
  const body = rest.join('\r\n\r\n');
  const [to, subject] = [header('To'), header('Subject')];
  if (!boundary) return { to, subject, text: decode(headers, body) };
  const plain = body
    .split(`--${boundary}`)
    .find((part) => part.includes('text/plain'))
    .trim();
  const [partHead, ...partBody] = plain.split('\r\n\r\n');
  return { to, subject, text: decode(partHead, partBody.join('\r\n\r\n')) };
}

function decode(headers, body) {
  const coding = headers.match(/^Content-Transfer-Encoding: (.*)$/im)?.[1].trim().toLowerCase();
  if (coding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (coding !== 'quoted-printable') return Buffer.from(body, 'latin1').toString('utf8');
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
