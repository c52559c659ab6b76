// What every answer carries for its safety, and which documents admit the gateway's script.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PortalServer } from './server.mjs';

let server;
before(async () => (server = await PortalServer.start()));
after(() => server.stop());

const SOME_ACCOUNT = `acc_${'0'.repeat(26)}`;

async function answers() {
  const documents = ['/', `/pay/${SOME_ACCOUNT}`].map(async (path) =>
    (await fetch(server.url + path)).text());
  const text = (await Promise.all(documents)).join();
  const files = new Set([...text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1]));
  const paths = ['/', '/sign-in', `/pay/${SOME_ACCOUNT}`, '/nowhere', '/no.file', '/healthz',
    '/api/v1/portal', '/api/v1/sign-in/session', '/api/v1/nothing', ...files];
  return Promise.all(paths.map(async (path) => [path, await fetch(server.url + path)]));
}

test('every answer carries the security headers, refusals and files too', async () => {
  for (const [path, answer] of await answers()) {
    const header = (name) => answer.headers.get(name) ?? `(no ${name} on ${path})`;
    // Said only where people come over TLS.
    assert.equal(answer.headers.get('strict-transport-security'), null);
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.equal(header('referrer-policy'), 'no-referrer');
    assert.equal(header('cross-origin-resource-policy'), 'same-origin');
    assert.match(header('cross-origin-opener-policy'), /^same-origin/);
    assert.match(header('permissions-policy'), /camera=\(\)/);
    const policy = header('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /base-uri 'none'/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|\*(?!\.js\.stripe)/);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.headers.get('server'), null);
  }
});

test('answers of the API are kept nowhere; named files are kept for good', async () => {
  for (const [path, answer] of await answers()) {
    const kept = answer.headers.get('cache-control');
    if (path.startsWith('/api/')) assert.equal(kept, 'no-store', path);
    else if (/-[0-9a-f]{12,16}[._]/.test(path)) assert.match(kept, /immutable/, path);
    else assert.doesNotMatch(kept ?? '', /immutable/, path);
  }
});

test('the document runs our own script alone; in the sandbox under /pay/ too', async () => {
  for (const path of ['/', `/pay/${SOME_ACCOUNT}`, `/pay/${SOME_ACCOUNT}/check`]) {
    const policy = (await fetch(server.url + path)).headers.get('content-security-policy');
    const scripts = policy.match(/script-src ([^;]+)/)[1].split(' ');
    assert.deepEqual(scripts.slice(0, 2), ["'self'", "'wasm-unsafe-eval'"]);
    assert.ok(scripts.slice(2).every((source) => source.startsWith("'sha256-")), policy);
    assert.doesNotMatch(policy, /stripe/);
  }
});

test('with a real gateway its script is admitted under /pay/ and nowhere else', async () => {
  // The server starts without asking the gateway anything.
  const live = await PortalServer.start({
    load: (fresh) => fresh.run('migrate'),
    settings: {
      PAYDOWN_DEMO: 'false',
      PAYDOWN_PUBLIC_URL: 'https://pay.riverside.example',
      PAYDOWN_STRIPE__SECRET_KEY: 'sk_test_not_a_key',
      PAYDOWN_STRIPE__PUBLISHABLE_KEY: 'pk_test_not_a_key',
      PAYDOWN_STRIPE__WEBHOOK_SECRET: 'whsec_not_a_secret',
      PAYDOWN_STRIPE__API_URL: 'http://127.0.0.1:9/',
    },
  });
  try {
    const policyOf = async (path) =>
      (await fetch(live.url + path)).headers.get('content-security-policy');
    const policy = await policyOf(`/pay/${SOME_ACCOUNT}`);
    for (const path of ['/', '/healthz', '/no.file', '/api/v1/nothing', `/pay/${SOME_ACCOUNT}`]) {
      const told = (await fetch(live.url + path)).headers.get('strict-transport-security');
      assert.match(told ?? `(nothing on ${path})`, /max-age=63072000/);
    }
    assert.match(policy, /script-src[^;]* https:\/\/js\.stripe\.com/);
    for (const path of ['/', '/sign-in', '/pay', `/accounts/${SOME_ACCOUNT}`]) {
      assert.doesNotMatch(await policyOf(path), /stripe/, path);
    }
    for (const path of ['/csp-reports/count', '/sandbox/cards']) {
      assert.equal((await fetch(live.url + path)).status, 404, `${path} is for the sandbox`);
    }
  } finally {
    await live.stop();
  }
});

test('a request from another site is refused before it does anything', async () => {
  const body = JSON.stringify({ email: 'ada@customers.example' });
  const own = { 'content-type': 'application/json', 'x-paydown': '1', origin: server.url };
  const send = (headers) =>
    fetch(`${server.url}/api/v1/sign-in/codes`, { method: 'POST', headers, body });
  assert.equal((await send(own)).status, 202);
  for (const headers of [
    { ...own, origin: 'https://evil.example' },
    { ...own, 'sec-fetch-site': 'cross-site' },
    { 'content-type': 'application/json', origin: server.url },
    { 'content-type': 'application/json', 'x-paydown': '1' },
    { ...own, 'content-type': 'text/plain' },
  ]) {
    const { status } = await send(headers);
    assert.ok(status === 403 || status === 415, `${JSON.stringify(headers)}: ${status}`);
  }
});
