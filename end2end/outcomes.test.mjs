// One page per outcome, each saying whether money was taken; after a no everything is kept.
import assert from 'node:assert/strict';
import { dollars, sum } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';
const owedBy = async (portal) => sum((await portal.periods()).map((bill) => bill.left));

scenario('after a decline everything is kept, and another card pays', {}, async (portal) => {
  await portal.signIn(ADA);
  const owed = await owedBy(portal);
  await portal.payFor('41', 'Card that is declined');
  const alert = portal.page.getByRole('alert').filter({ hasText: 'Your payment was declined' });
  await alert.waitFor();
  assert.match(await alert.innerText(), /No money has been taken\./);
  assert.match(await alert.innerText(), /Your card was declined\./);
  assert.match(await portal.words(), /\$41\.00/);

  await portal.pay('Card without enough money');
  await portal.text('Your card has insufficient funds.').waitFor();
  assert.match(await portal.words(), /No money has been taken\./);

  await portal.pay('Card that works');
  await portal.heading('Payment received');
  assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 4_100)}`);
  await portal.follow('See payments');
  await portal.heading('Payments');
  const history = await portal.rows('Payments, newest first');
  assert.equal(history.filter((row) => row.includes('$41.00')).length, 1, 'it is one payment');
});

scenario('the bank asks who it is: a refusal takes nothing, an approval pays', {},
  async (portal) => {
    await portal.signIn(ADA);
    await portal.payFor('30', 'Card that asks who you are (3-D Secure)');
    const bank = portal.page.getByRole('region', { name: 'Your bank asks' });
    await bank.waitFor();
    await portal.focusOn('#bank-asks');
    await bank.getByRole('button', { name: 'Refuse' }).click();
    await portal.page.getByRole('alert').filter({ hasText: 'declined' }).waitFor();
    assert.match(await portal.words(), /No money has been taken\./);
    assert.match(await portal.words(), /We are unable to authenticate your payment method/);

    await portal.pay();
    await bank.getByRole('button', { name: 'Approve' }).click();
    await portal.heading('Payment received');
    assert.match(await portal.words(), /We took \$30\.00 from Visa 3184/);
  });

scenario('a bank debit is in progress, then done, and nobody has to do anything', {},
  async (portal) => {
    await portal.signIn(ADA);
    const owed = await owedBy(portal);
    await portal.payFor('25', 'Bank account that works');
    await portal.heading('Bank payment started');
    assert.match(await portal.words(), /takes 3 to 5 working days/);
    assert.match(await portal.words(), /Do not pay again|do not know yet/i);
    const payment = portal.page.url();

    // What is under way is counted, on the page of what is owed too.
    await portal.backToWhatYouOwe();
    assert.match(await portal.words(), /\$25\.00 in progress/);
    assert.match(await portal.words(), /\$25\.00 sent .*, not confirmed yet\./);

    await portal.page.goto(payment);
    await settleDebits(portal);
    await portal.heading('Payment received');
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 2_500)}`);
  });

scenario('a bank debit that fails takes nothing, and a card pays instead', {}, async (portal) => {
  await portal.signIn(ADA);
  const owed = await owedBy(portal);
  await portal.payFor('25', 'Bank account without enough money');
  await portal.heading('Bank payment started');
  await settleDebits(portal);
  await portal.heading('Your payment was declined');
  assert.match(await portal.words(), /No money has been taken\./);
  assert.match(await portal.words(), /The bank account has insufficient funds/);
  await portal.follow('Use another card');
  await portal.heading('Check and pay');
  await portal.pay('Card that works');
  await portal.heading('Payment received');
  assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 2_500)}`);
});

/** The sandbox lets days of waiting pass by a word. */
async function settleDebits(portal) {
  const answer = await fetch(`${portal.server.url}/sandbox/settle`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-paydown': '1',
      origin: portal.server.url,
    },
    body: '{}',
  });
  assert.equal(answer.status, 200, await answer.text());
}

for (const card of [
  'Card that works, but the answer is lost',
  'Card that works, with late news',
  'Card that works, with the same news twice',
  'Card that works, with no news at all',
]) {
  const expects = [/sandbox\/intents/, /Failed to load resource/];
  scenario(`${card}: the payment is received once`, { expects }, async (portal) => {
    await portal.signIn(ADA);
    const owed = await owedBy(portal);
    await portal.payFor('20', card);
    await portal.heading('Payment received');
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - 2_000)}`);
    const receipts = portal.server.mails(ADA).filter((mail) => /\$20\.00/.test(mail.subject));
    assert.equal(receipts.length, 1);
  });
}

scenario('a payment begun is cancelled, and its money can be paid again', {}, async (portal) => {
  await portal.signIn(ADA);
  const headline = await portal.page.getByRole('heading', { level: 1 }).innerText();
  await portal.payFor('40', 'Card that is declined');
  await portal.page.getByRole('alert').waitFor();
  await portal.button('Cancel this payment').click();
  await portal.heading('You cancelled the payment');
  assert.match(await portal.words(), /No money has been taken\./);
  await portal.page.reload();
  await portal.heading('You cancelled the payment');
  await portal.follow('Start again');
  await portal.heading('How much do you want to pay?');
  assert.equal(await portal.amount().inputValue(), '40', 'the amount is kept');
  await portal.page.goto('/');
  assert.equal(await portal.heading(/You owe/), headline);
});
