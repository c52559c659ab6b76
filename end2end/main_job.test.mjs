// The main job: see what is due, type a part, see what it settles, pay, receipt, what is left.
import assert from 'node:assert/strict';
import { PHONE } from './browser.mjs';
import { cents, dollars, oldestFirst, sum, typed } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

const TITLE = 'a part is paid, and the next look shows what is left';
scenario(TITLE, { screen: PHONE }, async (portal) => {
  const headline = await portal.signIn(ADA);
  const due = await portal.periods();
  const owed = sum(due.map((bill) => bill.left));
  assert.equal(headline, `You owe ${dollars(owed)}`);
  assert.ok(due.length >= 3);

  // All of the oldest and ten dollars of the next.
  const amount = due[0].left + 1_000;
  const gets = oldestFirst(due, amount);
  await portal.openHowMuch();
  await portal.typeAmount(typed(amount));
  const preview = await portal.preview(`If you pay ${dollars(amount)} today`);
  for (const [at, bill] of due.entries()) {
    const [period, now, payment, after] = preview[at];
    assert.ok(period.startsWith(bill.name), `${period} starts with ${bill.name}`);
    assert.equal(cents(now), bill.left);
    if (gets[at] > 0) assert.equal(cents(payment), gets[at]);
    else assert.match(payment, /Nothing/);
    assert.equal(cents(after), bill.left - gets[at]);
  }
  assert.match(preview[0][2], /because it is the oldest past due/);

  await portal.goOn();
  await portal.heading('Check and pay');
  const checked = await portal.rows('Where your payment goes');
  assert.deepEqual(
    checked.map((row) => cents(row[2])),
    gets.filter((part) => part > 0),
  );
  await portal.pay('Card that works');
  await portal.heading('Payment received');
  assert.match(await portal.words(), new RegExp(`We took \\${dollars(amount)} from Visa 4242`));
  const facts = await portal.facts();
  assert.equal(cents(facts.Amount), amount);
  assert.equal(cents(facts['Left to pay']), owed - amount);
  const paid = await portal.rows('What it paid');
  assert.deepEqual(
    paid.map((row) => cents(row[3])),
    gets.filter((part) => part > 0),
  );

  const receipt = await portal.server.mail(ADA, 1, /receipt/i);
  assert.ok(receipt.text.includes(dollars(amount)));
  assert.ok(receipt.subject.includes(facts.Receipt));

  assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(owed - amount)}`);
  const left = await portal.periods();
  assert.deepEqual(
    left.map((bill) => bill.left),
    due.map((bill, at) => bill.left - gets[at]).filter((rest) => rest > 0),
  );
});
