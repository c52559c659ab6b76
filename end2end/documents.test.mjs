// Two documents, each with its own module: what signing in and looking need, and what paying
// needs. Nobody loads the second before there is something to pay.
import assert from 'node:assert/strict';
import { PHONE } from './browser.mjs';
import { waitFor } from './server.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

/** The modules this document asked for, by name: how each was asked for, and its bytes. */
async function modules(page) {
  const asked = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name, initiatorType, transferSize, decodedBodySize }) =>
        ({ name, initiatorType, transferSize, decodedBodySize }))
      .filter(({ name }) => /\.(js|wasm)$/.test(name)));
  const of = (name) => asked.filter((entry) => new URL(entry.name).pathname.startsWith(`/${name}-`));
  assert.equal(of('portal').length + of('pay').length, asked.length, JSON.stringify(asked));
  return { portal: of('portal'), pay: of('pay') };
}

const kinds = (entries) => [...new Set(entries.map(({ name }) => name.split('.').at(-1)))].sort();

scenario('each document loads its own module and nothing of the other', { screen: PHONE },
  async (portal) => {
    const { page } = portal;
    await page.goto('/');
    await portal.heading('Sign in');
    const first = await modules(page);
    assert.deepEqual(kinds(first.portal), ['js', 'wasm']);
    assert.deepEqual(first.pay, [], 'who only signs in loads nothing of paying');

    await portal.signIn(ADA);
    const ahead = await waitFor('the pay module to be fetched ahead', async () => {
      const { pay } = await modules(page);
      return kinds(pay).length === 2 && pay.every((entry) => entry.decodedBodySize > 0) && pay;
    });
    assert.ok(ahead.every(({ initiatorType }) => initiatorType === 'link'), 'not run, only kept');

    await portal.openHowMuch();
    const paying = await modules(page);
    assert.deepEqual(paying.portal, [], 'paying loads nothing of the rest');
    assert.deepEqual(kinds(paying.pay), ['js', 'wasm']);
    assert.ok(paying.pay.every(({ transferSize }) => transferSize === 0), 'it was there already');

    await portal.link('What you owe').click();
    await portal.heading(/You owe/);
    const back = await modules(page);
    assert.ok(back.portal.every(({ transferSize }) => transferSize === 0), 'kept from before');
  });

scenario('who is signed out under /pay/ signs in at the portal, and is led back', {},
  async (portal) => {
    const { page } = portal;
    await portal.signIn(ADA);
    await portal.openHowMuch();
    const paying = page.url();
    await page.context().clearCookies();
    await page.reload();
    await portal.heading('Sign in');
    assert.equal(new URL(page.url()).pathname, '/sign-in');
    assert.deepEqual((await modules(page)).pay, []);

    await portal.field('E-mail address').fill(ADA);
    const known = portal.server.mails(ADA).length;
    await portal.button('Send me a code').click();
    const mail = await portal.server.mail(ADA, known);
    await portal.field('Code').fill(mail.text.match(/^ {4}(\S.*)$/m)[1].trim());
    await portal.button('Sign in').click();
    await portal.heading('How much do you want to pay?');
    assert.equal(page.url(), paying);
  });
