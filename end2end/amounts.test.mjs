// Amounts as people type them: what is read, and the words for what cannot be.
import assert from 'node:assert/strict';
import { dollars, sum, typed } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

scenario('every wrong amount has its own words, at the field and above', {}, async (portal) => {
  await portal.signIn(ADA);
  const owed = sum((await portal.periods()).map((bill) => bill.left));
  await portal.openHowMuch();
  const wrong = [
    ['', 'Enter how much you want to pay'],
    ['abc', 'Amount must be a number, like 45 or 45.50'],
    ['-5', 'Amount must be without a plus or minus sign, like 45.50'],
    ['1e2', 'Amount must be in plain digits, like 45.50'],
    ['45.555', 'We read 45.555 in two ways. Enter 45555.00 or 45.55'],
    ['45.5555', 'Amount must have no more than 2 decimal places, like 45.50'],
    ['1.234', 'We read 1.234 in two ways. Enter 1234.00 or 1.23'],
    ['€20', 'Amount must be in dollars'],
    ['0', /^Amount must be \$5\.00 or more/],
    ['4.99', /^Amount must be \$5\.00 or more/],
    [typed(owed + 1), `Amount must be ${dollars(owed)} or less, which is all you owe`],
    [
      typed(owed - 20),
      `This would leave $0.20, less than a card payment allows. Pay ${dollars(owed)} to finish, ` +
        `or ${dollars(owed - 50)} or less`,
    ],
    ['99999999999999999999', 'Amount must be a smaller number'],
  ];
  for (const [text, words] of wrong) {
    await portal.typeAmount(text);
    // Nothing is judged while somebody types: no red, and what is said is of the try before.
    await portal.goOn();
    const summary = portal.page.getByRole('alert').getByRole('link', { name: words });
    await summary.waitFor().catch(() => assert.fail(`"${text}" has not the words ${words}`));
    const said = (await summary.innerText()).trim();
    await portal.focusOn('#error-summary');
    const field = portal.amount();
    assert.equal(await field.getAttribute('aria-invalid'), 'true', text);
    const described = (await field.getAttribute('aria-describedby')).split(' ');
    const atField = await Promise.all(
      described.map((id) => portal.page.locator(`[id="${id}"]`).innerText()),
    );
    assert.ok(atField.some((line) => line.trim() === said), `${text}: the same words at the field`);
    assert.equal(await field.inputValue(), text, 'what was typed is kept');
    assert.match(await portal.page.title(), /^Error: /);
  }
  const problem = portal.page.getByRole('alert').getByRole('link');
  await problem.click();
  // The summary leads to the field.
  await portal.focusOn('#amount');
  await portal.choice(/All you owe/).check();
  await problem.waitFor({ state: 'detached' });
  assert.doesNotMatch(await portal.page.title(), /^Error: /, 'another choice is not wrong');
});

scenario('what people type is read, and shown as it was read', {}, async (portal) => {
  await portal.signIn(ADA);
  await portal.openHowMuch();
  const readings = {
    45: '$45.00',
    '45.5': '$45.50',
    '45,50': '$45.50',
    '$45.50': '$45.50',
    ' USD 45.50 ': '$45.50',
    '1,234.50': '$1,234.50',
    '1.234,50': '$1,234.50',
    '1 234,50': '$1,234.50',
    "1'234.50": '$1,234.50',
    '1,234': '$1,234.00',
    '٤٥٫٥٠': '$45.50',
    '४५.५०': '$45.50',
  };
  for (const [text, reading] of Object.entries(readings)) {
    await portal.typeAmount(text);
    await portal.text(`That is ${reading}`).waitFor();
  }
});

scenario('the amount field is made for fingers and for pasting', {}, async (portal) => {
  await portal.signIn(ADA);
  await portal.openHowMuch();
  await portal.choice('Another amount').check();
  const field = portal.amount();
  const has = (name) => field.getAttribute(name);
  assert.equal(await has('type'), 'text');
  assert.equal(await has('inputmode'), 'decimal');
  assert.equal(await has('autocomplete'), 'transaction-amount');
  assert.equal(await has('maxlength'), null);
  assert.equal(await has('placeholder'), null);
  assert.equal(await has('required'), null);
});

scenario('the sums offered are due now and all that is owed', {}, async (portal) => {
  await portal.signIn(ADA);
  const due = await portal.periods();
  const late = sum(due.filter((bill) => /Past due/.test(bill.words)).map((bill) => bill.left));
  const owed = sum(due.map((bill) => bill.left));
  await portal.openHowMuch();
  const offered = await portal.page.getByRole('radio').all();
  const labelOf = (radio) => radio.evaluate((input) => input.labels[0].innerText);
  const labels = await Promise.all(offered.map(labelOf));
  assert.match(labels[0], new RegExp(`Due now\\s+\\${dollars(late)}`));
  assert.match(labels[1], new RegExp(`All you owe\\s+\\${dollars(owed)}`));
  assert.match(labels[2], /Another amount/);
  assert.ok(await offered[0].isChecked());
  await portal.preview(`If you pay ${dollars(late)} today`);
  await portal.choice(/All you owe/).check();
  await portal.preview(`If you pay ${dollars(owed)} today`);
  const preview = portal.page.locator('#preview');
  await preview.getByText('You will have nothing left to pay.').waitFor();
});
