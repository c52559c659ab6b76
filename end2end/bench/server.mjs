// The program itself: its size, its start, and the memory it takes.
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { PortalServer, binary, waitFor } from '../server.mjs';
import { importBills } from './bills.mjs';
import { median, say, table } from './report.mjs';

const STARTS = 7;
const PAYERS = 64;
const LOAD_SECONDS = 6;

export async function server() {
  const customers = Array.from({ length: PAYERS }, (_, n) => `household-${n}`);
  const portal = await PortalServer.start({
    load: (program) => importBills(program, customers.map((name) => ({ name, bills: 12 }))),
  });
  try {
    await pause(1_500);
    const idle = memory(portal, 'VmRSS');
    const sessions = [];
    for (const name of customers) sessions.push(await signIn(portal, name));
    const end = Date.now() + LOAD_SECONDS * 1_000;
    const counts = await Promise.all(sessions.map((session) => payer(portal, session, end)));
    const payments = counts.reduce((sum, count) => sum + count, 0);
    const [loaded, peak] = [memory(portal, 'VmRSS'), memory(portal, 'VmHWM')];
    const starts = await startTimes(portal);
    const megabytes = (kib) => (kib / 1_024).toFixed(1);
    table(
      ['the server', 'measured', 'target'],
      [
        ['program with the app inside, MiB', megabytes(statSync(binary).size / 1_024), '≤ 30'],
        ['start on an existing database to the first answer, median ms', median(starts), '≤ 200'],
        ['the slowest of them, ms', Math.max(...starts), '–'],
        ['memory idle, MiB', megabytes(idle), '≤ 40'],
        [`memory after ${PAYERS} payers at once, MiB`, megabytes(loaded), '–'],
        ['the most it ever took, MiB', megabytes(peak), '≤ 120'],
      ],
    );
    await waitFor('the last webhook to be applied', () => /The book is exact/.test(check(portal)));
    say(`${STARTS} starts; ${payments} payments started in ${LOAD_SECONDS} s. ${check(portal)}\n`);
  } finally {
    await portal.stop();
  }
}

const check = (portal) => portal.run('check').trim().split('\n').at(-1);

/** In KiB, as the kernel counts it. */
function memory(portal, what) {
  const status = readFileSync(`/proc/${portal.process.pid}/status`, 'utf8');
  return Number(status.match(new RegExp(`^${what}:\\s+(\\d+) kB`, 'm'))[1]);
}

async function startTimes(portal) {
  const times = [];
  for (let n = 0; n < STARTS; n++) {
    await ended(portal.process);
    const start = performance.now();
    const started = portal.serve();
    let answered;
    while (!answered) {
      answered = await fetch(`${portal.url}/healthz`).then((answer) => answer.ok, () => false);
      if (!answered) await pause(2);
    }
    times.push(Math.round(performance.now() - start));
    await started;
  }
  return times;
}

async function ended(program) {
  const gone = new Promise((done) => program.once('exit', done));
  program.kill('SIGTERM');
  await gone;
}

async function ask(portal, method, path, body, more = {}) {
  const answer = await fetch(`${portal.url}${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: {
      origin: portal.url,
      'x-paydown': '1',
      ...(body && { 'content-type': 'application/json' }),
      ...more,
    },
  });
  const cookies = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
  const text = await answer.text();
  return { status: answer.status, cookie: cookies[0], body: text ? JSON.parse(text) : undefined };
}

async function signIn(portal, name) {
  const email = `${name}@customers.example`;
  const asked = await ask(portal, 'POST', '/api/v1/sign-in/codes', { email });
  const mail = await portal.mail(email, 0);
  const code = mail.text.match(/^ {4}(\S.*)$/m)[1].trim();
  const proof = { cookie: asked.cookie };
  const { cookie, body } = await ask(portal, 'POST', '/api/v1/sign-in/session', { code }, proof);
  return { cookie, account: body.accounts[0].id };
}

/** Payments one after another, as a browser makes them; how many. */
async function payer(portal, { cookie, account }, end) {
  const here = `/api/v1/accounts/${account}`;
  const wish = { amount: 700, currency: 'USD' };
  let count = 0;
  while (Date.now() < end) {
    await ask(portal, 'GET', `${here}/due-periods`, undefined, { cookie });
    const seen = await ask(portal, 'POST', `${here}/allocation-previews`, wish, { cookie });
    const id = paymentId();
    const { fingerprint } = seen.body.preview;
    const key = { cookie, 'idempotency-key': id };
    const request = { id, ...wish, fingerprint };
    const started = await ask(portal, 'POST', `${here}/payments`, request, key);
    // The payment before was posted in between: the preview is asked for again.
    if (started.status === 409) continue;
    const { gateway_ref: intent, client_secret } = started.body.card_form;
    const card = { client_secret, card: 'success' };
    await ask(portal, 'POST', `/sandbox/intents/${intent}/confirm`, card, { cookie });
    count += 1;
  }
  return count;
}

/** A UUIDv7 as the app makes it. */
function paymentId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return `pay_${bytes.toString('hex')}`;
}
