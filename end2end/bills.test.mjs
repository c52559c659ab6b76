// Which bills: chosen by oneself, on hold, to be paid whole, in another currency, on another
// account, and more of them than a page should hold.
import assert from 'node:assert/strict';
import { cents, dollars, oldestFirst, sum, typed } from './money.mjs';
import { scenario } from './scenario.mjs';

scenario('bills chosen by oneself are paid, and what stays past due is said', {},
  async (portal) => {
    await portal.signIn('ada@customers.example');
    const due = await portal.periods();
    const last = due.at(-1);
    await portal.openHowMuch();
    await portal.choice('Choose bills yourself').check();
    await portal.goOn();
    await portal.page.getByRole('alert').getByRole('link', { name: 'Choose at least one bill' })
      .waitFor();
    await portal.page.getByRole('checkbox', { name: last.name }).check();
    const preview = await portal.preview(`If you pay ${dollars(last.left)} today`);
    assert.match(preview.at(-1)[2], /because you chose it/);
    assert.match(await portal.words(), /stays? past due, because you chose other bills\./);

    // A part of it instead.
    await portal.field(`Pay on this bill ${last.name}`).fill('15');
    await portal.preview('If you pay $15.00 today');
    await portal.goOn();
    await portal.heading('Check and pay');
    await portal.pay('Card that works');
    await portal.heading('Payment received');
    const paid = await portal.rows('What it paid');
    assert.equal(paid.length, 1);
    assert.match(paid[0].join(' '), /\$15\.00 because you chose it/);
    await portal.backToWhatYouOwe();
    const left = await portal.periods();
    assert.equal(left.at(-1).left, last.left - 1_500);
    assert.match(left.at(-1).words, /Part paid/);
    assert.match(left.at(-1).words, /\$15\.00 paid so far/);
  });

scenario('a bill on hold is left out, with its reason', {}, async (portal) => {
  await portal.signIn('cleo@customers.example');
  const due = await portal.periods();
  const held = due.find((bill) => /On hold/.test(bill.words));
  assert.match(held.words, /You do not need to pay it now\. Reason: We are checking the meter/);
  await portal.openHowMuch();
  await portal.choice(/All you owe/).check();
  const open = sum(due.filter((bill) => bill !== held).map((bill) => bill.left));
  const preview = await portal.preview(`If you pay ${dollars(open)} today`);
  const row = preview.find((cells) => cells[0].startsWith(held.name));
  assert.match(row.join(' '), /Left out: this bill is on hold\. We are checking the meter reading/);
  assert.equal(await portal.page.getByRole('checkbox', { name: held.name }).count(), 0);
});

scenario('a bill that takes no part says what it takes', {}, async (portal) => {
  await portal.signIn('finn@customers.example');
  await portal.openHowMuch();
  await portal.choice('Choose bills yourself').check();
  await portal.field(/Pay on this bill .*1007-connection/).fill('20');
  await portal.goOn();
  const problem = portal.page.getByRole('alert').getByRole('link', { name: /1007-connection/ });
  await problem.waitFor();
  assert.match(await problem.innerText(), /takes \$127\.62 or more/);
});

scenario('an account in yen is paid in whole yen', {}, async (portal) => {
  await portal.signIn('dan@customers.example');
  const accounts = portal.page.getByRole('navigation', { name: 'Your accounts' });
  assert.equal(await accounts.getByRole('link').count(), 2);
  assert.equal(await accounts.getByRole('listitem').first().getAttribute('aria-current'), 'true');
  await accounts.getByRole('link', { name: /Kyoto/ }).click();
  await portal.text('Account 1005').first().waitFor();
  const headline = await portal.heading(/You owe ¥/);
  await portal.openHowMuch();
  await portal.text('Account 1005').first().waitFor();
  await portal.typeAmount('45.50');
  await portal.goOn();
  await portal.page.getByRole('alert')
    .getByRole('link', { name: 'Amount must be a whole number of yen, like 4500' }).waitFor();
  await portal.typeAmount('1200');
  await portal.preview('If you pay ¥1,200 today');
  await portal.goOn();
  await portal.heading('Check and pay');
  assert.match(await portal.words(), /Account 1005/);
  await portal.button('Pay ¥1,200 now').click();
  await portal.heading('Payment received');
  assert.match(await portal.words(), /We took ¥1,200 from Visa 4242/);
  const yen = (text) => Number(text.match(/¥([\d,]+)/)[1].replaceAll(',', ''));
  const left = await portal.backToWhatYouOwe();
  assert.equal(yen(left), yen(headline) - 1_200);
});

scenario('three hundred bills are paid in their order through a window on the list', {},
  async (portal) => {
    await portal.signIn('gina@customers.example');
    await portal.text('300 bills are open.').waitFor();
    const first = await portal.periods();
    assert.ok(first.length < 100, 'the page draws a part of the list');
    await portal.button('Show more').click();
    const due = await portal.periods();
    assert.ok(due.length > first.length);

    await portal.openHowMuch();
    const amount = sum(due.slice(0, 30).map((bill) => bill.left)) + 700;
    await portal.typeAmount(typed(amount));
    await portal.text(`${dollars(amount)} settles 30 of 300 bills`).waitFor();
    const list = portal.page.getByRole('table', { name: /settles 30 of 300/ });
    assert.equal(await list.getAttribute('aria-rowcount'), '301');
    const drawn = await list.getByRole('row').count();
    assert.ok(drawn < 60, `${drawn} rows are drawn`);
    const rowAt = (position) => list.locator(`[aria-rowindex="${position + 2}"]`);
    const scroller = list.locator('[tabindex="0"]');
    await scroller.evaluate((box) => (box.scrollTop = 28 * 64));
    const last = rowAt(30);
    await last.waitFor();
    const gets = oldestFirst(due, amount);
    assert.equal(gets[30], 700);
    assert.match(await last.innerText(), /\$7\.00/);
    assert.match(await rowAt(31).innerText(), /Nothing/);

    await portal.goOn();
    await portal.heading('Check and pay');
    await portal.pay('Card that works');
    await portal.heading('Payment received');
    const facts = await portal.facts();
    assert.equal(cents(facts.Amount), amount);
    await portal.backToWhatYouOwe();
    await portal.text('270 bills are open.').waitFor();
  });

scenario('a bill shows its lines and every payment on it', {}, async (portal) => {
  await portal.signIn('ada@customers.example');
  const [oldest] = await portal.periods();
  await portal.payFor('20');
  await portal.heading('Payment received');
  const { Receipt: receipt } = await portal.facts();
  await portal.backToWhatYouOwe();
  await portal.link(`See bill ${oldest.name}`).click();
  await portal.heading(`Bill for ${oldest.name}`);
  const lines = await portal.rows('What the bill is for');
  assert.ok(lines.some((row) => /Energy, kWh/.test(row[0])));
  assert.ok(lines.some((row) => /Service charge/.test(row[0])));
  const payments = await portal.rows('Payments on this bill');
  const mine = payments.find((row) => row[1] === receipt);
  assert.equal(cents(mine[2]), 2_000);
  await portal.link(receipt).click();
  await portal.heading(`Receipt ${receipt}`);
});

scenario('a bill paid in full moves to the past bills', {}, async (portal) => {
  await portal.signIn('ada@customers.example');
  const [oldest] = await portal.periods();
  await portal.payFor(typed(oldest.left));
  await portal.heading('Payment received');
  await portal.backToWhatYouOwe();
  await portal.follow('See past bills');
  await portal.heading('Past bills');
  const past = await portal.rows('Paid bills, newest first');
  assert.ok(past.some((row) => row[0].startsWith(oldest.name)));
  await portal.link(oldest.name).click();
  await portal.heading(`Bill for ${oldest.name}`);
  assert.match(await portal.words(), /Paid/);
});
