// Credit on account goes first where the payer leaves it ticked.
import assert from 'node:assert/strict';
import { PHONE } from './browser.mjs';
import { cents, dollars, sum } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

/** An approver gives Ada a credit note that no bill has taken yet. */
function giveCredit(server, amount) {
  server.run('operator', 'add', 'anna', '--role', 'approver');
  server.run('credit-note', '1001', amount, '--reason', 'goodwill', '--by', 'anna');
}

const box = (portal) => portal.page.getByRole('checkbox', { name: /Use my credit first/ });

scenario('credit settles the oldest bill first and the card pays the rest', { screen: PHONE },
  async (portal) => {
    giveCredit(portal.server, '5.00');
    const headline = await portal.signIn(ADA);
    const [oldest] = await portal.periods();
    await portal.openHowMuch();
    assert.ok(await box(portal).isChecked());
    await portal.typeAmount('40');
    const [first] = await portal.preview('If you pay $40.00 today');
    assert.equal(cents(first[1]), oldest.left - 500);
    await portal.goOn();
    await portal.heading('Check and pay');
    await portal.pay('Card that works');
    await portal.heading('Payment received');
    const left = cents(headline) - 500 - 4_000;
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(left)}`);
  });

scenario('credit that is unticked stays on account', {}, async (portal) => {
  giveCredit(portal.server, '5.00');
  const headline = await portal.signIn(ADA);
  const [oldest] = await portal.periods();
  await portal.openHowMuch();
  await box(portal).uncheck();
  await portal.typeAmount('40');
  const [first] = await portal.preview('If you pay $40.00 today');
  assert.equal(cents(first[1]), oldest.left);
  await portal.goOn();
  await portal.heading('Check and pay');
  await portal.pay('Card that works');
  await portal.heading('Payment received');
  const left = cents(headline) - 4_000;
  assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(left)}`);
  await portal.text('$5.00 credit on account').waitFor();
});

scenario('credit that covers everything is used without a card', {}, async (portal) => {
  giveCredit(portal.server, '900.00');
  await portal.signIn(ADA);
  const owed = sum((await portal.periods()).map((bill) => bill.left));
  await portal.link('Make a payment').click();
  await portal.heading('Your credit covers all you owe');
  await portal.page.getByRole('button', { name: 'Use my credit' }).click();
  await portal.heading(`You are ${dollars(90_000 - owed)} in credit`);
});
