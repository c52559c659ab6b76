// The main job on bills of real life: a public sample of 2,466 invoices, if it is there.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cents, dollars, oldestFirst, sum, typed } from './money.mjs';
import { scenario } from './scenario.mjs';

const folders = [process.env.PAYDOWN_TEST_DATA, '../shared/data'].filter(Boolean);
const file = folders
  .map((folder) => join(import.meta.dirname, '..', folder, 'accounts-receivable.csv'))
  .find((path) => existsSync(path));

if (!file) {
  test('the public sample of invoices', { skip: `it is not at ${folders.join(' or ')}` }, () => {});
} else {
  const load = (server) => {
    const imported = ['import', file, '--as', 'accounts-receivable', '--as-of', '2013-06-30'];
    assert.match(server.run(...imported), /2466\s+rows in the file/);
    assert.match(server.run(...imported), /\b0\s+new bills/, 'the same file twice changes nothing');
  };
  scenario('one of the hundred customers pays a part of real bills', { load },
    async (portal) => {
      await portal.signIn('7938-evask@customers.example');
      const due = await portal.periods();
      const payable = due.filter((bill) => !/On hold/.test(bill.words));
      assert.ok(payable.length > 1, `${payable.length} bills can be paid`);
      const amount = payable[0].left + 500;
      await portal.openHowMuch();
      await portal.typeAmount(typed(amount));
      const preview = await portal.preview(`If you pay ${dollars(amount)} today`);
      const gets = oldestFirst(payable, amount);
      for (const [at, bill] of payable.entries()) {
        const row = preview.find((cells) => cells[0].startsWith(bill.name));
        assert.equal(cents(row[3]), bill.left - gets[at], bill.name);
      }
      await portal.goOn();
      await portal.heading('Check and pay');
      await portal.pay('Card that works');
      await portal.heading('Payment received');
      const facts = await portal.facts();
      const left = sum(payable.map((bill) => bill.left)) - amount;
      assert.equal(cents(facts['Left to pay']), left);
      await portal.backToWhatYouOwe();
    });
}
