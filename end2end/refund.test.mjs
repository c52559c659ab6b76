// Money on its way back: the customer reads what was refunded, and what is open again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PHONE, output } from './browser.mjs';
import { scenario } from './scenario.mjs';
import { waitFor } from './server.mjs';

const ADA = 'ada@customers.example';

scenario('a refund stands in words on every page of the payment', { screen: PHONE },
  async (portal) => {
    const { page, server } = portal;
    await portal.signIn(ADA);
    const before = await portal.periods();
    await portal.payFor('100');
    await portal.heading('Payment received');
    const address = new URL(page.url()).pathname;
    const payment = address.split('/').at(-1);
    await page.goto('/');
    const after = await portal.periods();

    server.run('operator', 'add', 'grace', '--role', 'approver');
    const said = server.run('refund', payment, '20', '--by', 'grace', '--dry-run');
    assert.match(said, /\$100\.00 -> \$80\.00/);
    await page.goto(address);
    assert.doesNotMatch(await portal.words(), /refund/i, 'a dry run does nothing');

    const known = server.mails(ADA).length;
    server.run('refund', payment, '20', '--by', 'grace', '--reason', 'paid twice at the desk');
    await page.goto(address);
    await portal.text(/^\$20\.00 of it was refunded on .* Bills it had paid may be open again\.$/)
      .waitFor();
    await page.screenshot({ path: join(output, 'refunded 390.png'), fullPage: true });
    assert.match((await server.mail(ADA, known)).text, /\$20\.00/);

    await portal.follow('See receipt');
    await portal.heading(/^Receipt /);
    await portal.text('Refunded since').waitFor();
    await page.screenshot({ path: join(output, 'refunded receipt 390.png'), fullPage: true });
    await portal.follow('Payments');
    await portal.heading('Payments');
    await portal.text('$20.00 refunded').first().waitFor();

    await page.goto('/');
    const reopened = await portal.periods();
    const left = (periods) => periods.reduce((sum, period) => sum + period.left, 0);
    assert.equal(left(before) - left(after), 10_000);
    assert.equal(left(reopened) - left(after), 2_000, 'what went back is owed again');
  });

scenario('money the bank takes back is told without blame', {
  work: /"kind":"disputed"/,
}, async (portal) => {
  const { page, server } = portal;
  let intent;
  page.on('request', (request) => {
    intent ??= request.url().match(/sandbox\/intents\/([^/]+)\/confirm/)?.[1];
  });
  await portal.signIn(ADA);
  await portal.payFor('50');
  await portal.heading('Payment received');
  const address = new URL(page.url()).pathname;

  const atTheBank = async (path, wish) => {
    const headers = { 'content-type': 'application/json', 'x-paydown': '1', origin: server.url };
    const body = JSON.stringify(wish);
    const answer = await fetch(server.url + path, { method: 'POST', headers, body });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  };
  const comesToSay = (words) =>
    waitFor(`the page to say ${words}`, async () => {
      await page.goto(address);
      await portal.heading(/./);
      return words.test(await portal.words());
    });

  const dispute = await atTheBank('/sandbox/disputes', { intent, amount: null });
  await comesToSay(/Your bank is asking about \$50\.00 of this payment\./);
  await atTheBank(`/sandbox/disputes/${dispute.id}`, { step: 'withdraw' });
  await comesToSay(/Your bank took \$50\.00 of this payment back\./);
  await page.screenshot({ path: join(output, 'taken back 1280.png'), fullPage: true });
});
