// The identity provider is down, and an administrator comes in through the broken glass.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { scenario } from './scenario.mjs';

/** A portal whose provider is where nobody answers. */
const PROVIDER_DOWN = {
  PAYDOWN_STAFF_SIGN_IN__ISSUER: 'http://127.0.0.1:9',
  PAYDOWN_STAFF_SIGN_IN__CLIENT_ID: 'paydown',
  PAYDOWN_STAFF_SIGN_IN__ROLE_MAP__CLERK: 'paydown-clerks',
};

/** What an authenticator app shows for this key now: RFC 6238 with SHA-1 and six digits. */
function codeOf(key) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...key].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0'));
  const seed = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const period = Buffer.alloc(8);
  period.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', seed).update(period).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function looksRight(page, name) {
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true });
  assert.deepEqual(await axeFindings(page), []);
  const wider = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wider, 0, `${name} scrolls sideways`);
}

async function type(page, { name, password, code }) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Code from your authenticator app').fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

for (const [width, screen] of [[1280, DESK], [390, PHONE]]) {
  scenario(`with the provider down an admin comes in by password and code, on ${width} pixels`,
    {
      screen,
      settings: PROVIDER_DOWN,
      expects: [/status of (401|403|404|503)/],
      work: /"kind":"glass_broken"/,
    },
    async (portal, stage) => {
      const { page } = portal;
      await page.goto('/staff');
      await page.getByRole('link', { name: 'Sign in' }).click();
      await portal.heading('You cannot sign in just now');
      await looksRight(page, `glass ${width} provider down`);

      // While the glass is whole there is no such door.
      assert.equal((await page.goto('/staff/break-glass')).status(), 404);
      const printed = stage.server.run('break-glass', 'enable', 'ada', '--hours', '1');
      const word = (label) => printed.match(new RegExp(`^${label}\\s+(\\S+)$`, 'm'))[1];
      const typed = { name: 'ada', password: word('password') };
      await page.goto('/staff/break-glass');
      await portal.heading('Emergency sign-in');
      await looksRight(page, `glass ${width} emergency sign-in`);

      await type(page, { ...typed, password: 'a wrong one', code: codeOf(word('key')) });
      await portal.heading('You are not signed in');
      await looksRight(page, `glass ${width} refused`);
      await type(page, { ...typed, code: codeOf(word('key')) });
      await portal.heading('You are signed in');
      assert.match(await page.locator('dl').innerText(), /ada[^]*Roles\s+admin/);
      await looksRight(page, `glass ${width} signed in`);

      // An admin sees to keys, and moves no money.
      assert.equal((await page.goto('/api/v1/api-clients')).status(), 200);
      assert.equal((await page.goto('/api/v1/invitations')).status(), 403);
      assert.match(stage.server.run('work'), /glass_broken/);
      await page.goto('/staff');

      await page.getByRole('button', { name: 'Sign out' }).click();
      await portal.heading('You are signed out');
      stage.server.run('break-glass', 'disable', 'ada');
      assert.equal((await page.goto('/staff/break-glass')).status(), 404);
    });
}
