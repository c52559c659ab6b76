// However often somebody presses, reloads, goes back or opens tabs, money is taken once.
import assert from 'node:assert/strict';
import { dollars, sum, typed } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';
const CONFLICT = [/status of 409 \(Conflict\)/];

async function paymentsReceived(portal) {
  await portal.page.goto('/');
  await portal.heading(/owe|Nothing/);
  await portal.follow('See payments');
  await portal.heading('Payments');
  return (await portal.rows('Payments, newest first')).filter((row) => row[2] === 'Paid').length;
}

scenario('no way leads to paying without an amount that was checked', {}, async (portal) => {
  await portal.signIn(ADA);
  const pay = await portal.link('Make a payment').getAttribute('href');
  await portal.page.goto(`${pay}/check`);
  await portal.heading('Choose how much to pay first');
  assert.equal(await portal.payButton().count(), 0);
  await portal.follow('Choose how much to pay');
  await portal.heading('How much do you want to pay?');
});

scenario('a double click and two presses of Enter are one payment', {}, async (portal) => {
  await portal.signIn(ADA);
  const owed = sum((await portal.periods()).map((bill) => bill.left));
  await portal.check('21');
  await portal.chooseCard('Card that works');
  await portal.payButton().dblclick();
  await portal.heading('Payment received');
  const before = await paymentsReceived(portal);

  await portal.page.goto('/');
  await portal.check('22');
  await portal.chooseCard('Card that works');
  await portal.payButton().focus();
  await Promise.all([portal.page.keyboard.press('Enter'), portal.page.keyboard.press('Enter')]);
  await portal.heading('Payment received');
  assert.equal(await paymentsReceived(portal), before + 1);
  await portal.page.goto('/');
  assert.equal(await portal.heading(/You owe/), `You owe ${dollars(owed - 4_300)}`);
});

scenario('reload and Back at each step lose nothing and pay nothing twice', {}, async (portal) => {
  await portal.signIn(ADA);
  const owed = sum((await portal.periods()).map((bill) => bill.left));
  await portal.openHowMuch();
  await portal.typeAmount('33');
  // The page keeps what is typed after a moment's pause.
  await portal.page.getByRole('status').filter({ hasText: 'If you pay $33.00' }).waitFor({
    state: 'attached',
  });
  await portal.page.reload();
  await portal.heading('How much do you want to pay?');
  assert.equal(await portal.amount().inputValue(), '33');

  await portal.goOn();
  await portal.heading('Check and pay');
  await portal.page.reload();
  await portal.heading('Check and pay');
  await portal.page.goBack();
  await portal.heading('How much do you want to pay?');
  assert.equal(await portal.amount().inputValue(), '33');
  await portal.page.goForward();
  await portal.heading('Check and pay');

  // Declined first: the payment exists, and a reload finds it again.
  await portal.pay('Card that is declined');
  await portal.page.getByRole('alert').waitFor();
  await portal.page.reload();
  await portal.heading('Check and pay');
  await portal.pay('Card that works');
  await portal.heading('Payment received');
  const result = portal.page.url();

  await portal.page.reload();
  await portal.heading('Payment received');
  await portal.page.goBack();
  await portal.heading('This payment is already done');
  assert.match(await portal.words(), /You cannot pay it twice/);
  await portal.page.goBack();
  await portal.heading('How much do you want to pay?');
  await portal.text('You have just made a payment').waitFor();
  await portal.page.goto(result);
  await portal.heading('Payment received');
  assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 3_300)}`);
});

scenario('of two tabs the second is told which payment holds the money', { expects: CONFLICT },
  async (portal, stage) => {
    await portal.signIn(ADA);
    const before = await paymentsReceived(portal);
    await portal.page.goto('/');
    const due = await portal.periods();
    const all = typed(sum(due.map((bill) => bill.left)));
    const second = await stage.newTab(portal.page.context());
    await portal.check(all);
    await second.page.goto('/');
    await second.check(all);

    await portal.pay('Card that is declined');
    await portal.page.getByRole('alert').filter({ hasText: 'declined' }).waitFor();
    await second.pay('Card that works');
    const alert = second.page.getByRole('alert');
    const held = alert.filter({ hasText: 'Another payment is in progress' });
    await held.waitFor();
    assert.match(await held.innerText(), /No money has been taken\./);
    await held.getByRole('link', { name: 'See that payment' }).click();
    await second.heading(/not finished|declined/);

    await portal.pay('Card that works');
    await portal.heading('Payment received');
    assert.equal(await paymentsReceived(portal), before + 1);
  });

scenario('of two tabs that both may pay, the second sees the new split first',
  { expects: CONFLICT }, async (portal, stage) => {
    await portal.signIn(ADA);
    const before = await paymentsReceived(portal);
    await portal.page.goto('/');
    const due = await portal.periods();
    const part = typed(due[0].left);
    const second = await stage.newTab(portal.page.context());
    await portal.check(part);
    await second.page.goto('/');
    await second.check(part);
    await portal.pay('Card that works');
    await portal.heading('Payment received');

    await second.pay('Card that works');
    await second.text('Your balance changed while you were here').waitFor();
    assert.match(await second.words(), /No money has been taken\./);
    const split = await second.rows('Where your payment goes');
    assert.match(split[0].join(' '), /Changed/);
    assert.equal(await paymentsReceived(portal), before + 1);
  });
