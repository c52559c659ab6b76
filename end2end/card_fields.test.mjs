// With keys of the gateway its own fields take the card, in frames we never see into.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { importBills } from './bench/bills.mjs';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { Gateway } from './gateway/gateway.mjs';
import { dollars, sum } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';
const WORKS = '4242424242424242';
const MUST_BE_PROVEN = '4000002500003155';
const DECLINED = '4000000000000341';

/** A portal with keys, and a payer who owes two bills. */
function withKeys(name, options, told) {
  const gateway = Gateway.start();
  const settings = async (address) => (await gateway).settings(address);
  const load = (fresh) => importBills(fresh, [{ name: 'ada', bills: 2 }]);
  scenario(name, { ...options, settings, load }, async (portal, stage) => {
    await (await gateway).admit(portal.page.context());
    try {
      await portal.signIn(ADA);
      await told(portal, stage);
    } finally {
      (await gateway).stop();
    }
  });
}

const fields = (portal) => portal.page.frameLocator('iframe[title="Secure payment input frame"]');
const bank = (portal) => portal.page.frameLocator('iframe[title="Secure 3D Secure frame"]');
const owedBy = async (portal) => sum((await portal.periods()).map((bill) => bill.left));

async function giveCard(portal, number) {
  await fields(portal).getByLabel('Card number').fill(number);
  await fields(portal).getByLabel('Expiration date').fill('12 / 34');
  await fields(portal).getByLabel('Security code').fill('123');
}

/**
 * Photographed in both themes, as the gateway's fields are told the theme when they are put up;
 * and as far as the window shows, as frames of others are left blank beyond.
 */
async function look(portal, name, width) {
  const { page } = portal;
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.reload();
    await portal.heading('Check and pay');
    await portal.payButton().scrollIntoViewIfNeeded();
    await fields(portal).locator('body').evaluate(() => new Promise((drawn) => {
      requestAnimationFrame(() => requestAnimationFrame(drawn));
    }));
    const path = join(output, `${name} ${width} ${colorScheme}.png`);
    await page.screenshot({ path });
    assert.deepEqual(await axeFindings(page), [], `${name}, ${colorScheme}`);
  }
}

for (const [where, screen] of [['a phone', PHONE], ['a desk', DESK]]) {
  withKeys(`the gateway's own fields take the card on ${where}`, { screen }, async (portal) => {
    const sent = [];
    portal.page.on('request', (request) => {
      const isOurs = request.url().startsWith(portal.server.url);
      if (isOurs) sent.push(request.url() + (request.postData() ?? ''));
    });
    const owed = await owedBy(portal);
    await portal.check('41');
    await look(portal, 'check and pay, with keys', screen.viewport.width);
    assert.doesNotMatch(await portal.page.locator('body').innerText(), /DEMO/);

    await portal.pay();
    const alert = portal.page.getByRole('alert').filter({ hasText: 'Check the card details' });
    await alert.waitFor();
    assert.match(await alert.innerText(), /Your card number is incomplete\./);
    assert.match(await alert.innerText(), /No money has been taken\./);
    assert.equal(sent.filter((line) => /\/payments\b.*fingerprint/.test(line)).length, 0,
      'no payment begins before the fields are right');

    await giveCard(portal, WORKS);
    await portal.pay();
    await portal.heading('Payment received');
    assert.match(await portal.words(), /We took \$41\.00 from Visa 4242/);
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 4_100)}`);
    const digits = sent.filter((line) => line.replaceAll(/[\s+-]/g, '').includes(WORKS));
    assert.deepEqual(digits, [], 'the card number never comes to us');
  });
}

withKeys('the bank refuses, the page is loaded again, another card pays the same payment', {},
  async (portal) => {
    const owed = await owedBy(portal);
    await portal.check('30');
    await giveCard(portal, MUST_BE_PROVEN);
    await portal.pay();
    await bank(portal).getByRole('button', { name: 'Refuse' }).click();
    const alert = portal.page.getByRole('alert').filter({ hasText: 'Your payment was declined' });
    await alert.waitFor();
    assert.match(await alert.innerText(), /No money has been taken\./);
    assert.match(await alert.innerText(), /failed authentication/);

    await portal.page.reload();
    await portal.heading('Check and pay');
    await giveCard(portal, MUST_BE_PROVEN);
    await portal.pay();
    await bank(portal).getByRole('button', { name: 'Approve' }).click();
    await portal.heading('Payment received');
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 3_000)}`);
    await portal.follow('See payments');
    await portal.heading('Payments');
    const history = await portal.rows('Payments, newest first');
    assert.equal(history.length, 1, 'it is one payment');
  });

withKeys('a declined card is said in the words of the gateway, and everything is kept', {},
  async (portal) => {
    await portal.check('41');
    await giveCard(portal, DECLINED);
    await portal.pay();
    const alert = portal.page.getByRole('alert').filter({ hasText: 'Your payment was declined' });
    await alert.waitFor();
    assert.match(await alert.innerText(), /Your card was declined\./);
    assert.match(await portal.words(), /\$41\.00/);
    assert.equal(await portal.payButton().isEnabled(), true);
  });

withKeys('a bank with a page of its own leads back to the payment, and leaves no secret', {},
  async (portal) => {
    const owed = await owedBy(portal);
    await portal.check('25');
    await fields(portal).getByLabel('Bank, on its own page').check();
    await portal.pay();
    await portal.button('Approve').click();
    await portal.heading('Payment received');
    assert.doesNotMatch(portal.page.url(), /secret|payment_intent/);
    assert.doesNotMatch(portal.server.log, /_secret_/);
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 2_500)}`);
  });

withKeys('turning back while the bank asks cancels: approving after that takes nothing', {},
  async (portal) => {
    const owed = await owedBy(portal);
    await portal.check('12');
    await giveCard(portal, MUST_BE_PROVEN);
    await portal.pay();
    await bank(portal).getByRole('button', { name: 'Approve' }).waitFor();
    await portal.page.goBack();
    await portal.heading('How much do you want to pay?');
    await bank(portal).getByRole('button', { name: 'Approve' }).click();
    await portal.heading('You cancelled the payment');
    assert.match(await portal.words(), /No money has been taken\./);
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed)}`);
  });

const BLOCKED = [/net::ERR_FAILED.*js\.stripe\.com|js\.stripe\.com.*ERR_FAILED/];
withKeys('without the gateway’s script the page says so, and loading it again helps',
  { expects: BLOCKED }, async (portal) => {
    const script = 'https://js.stripe.com/endive/stripe.js';
    const refuse = (route) => route.abort();
    await portal.page.route(script, refuse);
    await portal.check('20');
    const alert = portal.page.getByRole('alert').filter({ hasText: 'card form is not available' });
    await alert.waitFor();
    assert.match(await alert.innerText(), /No money has been taken\./);
    assert.match(await alert.innerText(), /bank transfer/);
    await portal.page.unroute(script, refuse);
    await portal.page.reload();
    await giveCard(portal, WORKS);
    await portal.pay();
    await portal.heading('Payment received');
  });
