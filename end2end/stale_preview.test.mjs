// The bills change while somebody decides: nothing is created on old numbers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cents, dollars } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

/** The biller's own system adds a bill that is older than all others. */
function importOlderBill(server) {
  const file = join(server.folder, 'late.csv');
  const columns = 'customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate,Disputed';
  writeFileSync(file, `${columns}\n1001,1001-LATE,1/2/2024,2/1/2024,12.00,,No\n`);
  return server.run('import', file, '--as', 'accounts-receivable');
}

scenario('a bill that arrives before the check page shows the new split there', {},
  async (portal) => {
    await portal.signIn(ADA);
    await portal.openHowMuch();
    await portal.typeAmount('40');
    await portal.preview('If you pay $40.00 today');
    importOlderBill(portal.server);
    await portal.goOn();
    await portal.heading('Check and pay');
    await portal.text('Your balance changed while you were here').waitFor();
    await expectNewSplit(portal);
  });

scenario('a bill that arrives before the press stops it, and a new press pays',
  { expects: [/status of 409 \(Conflict\)/] }, async (portal) => {
    const headline = await portal.signIn(ADA);
    await portal.check('40');
    await portal.chooseCard('Card that works');
    importOlderBill(portal.server);
    await portal.payButton().click();
    await portal.text('Your balance changed while you were here').waitFor();
    assert.match(await portal.words(), /No money has been taken\./);
    await expectNewSplit(portal);

    await portal.pay();
    await portal.heading('Payment received');
    const paid = await portal.rows('What it paid');
    assert.deepEqual(paid.map((row) => cents(row[3])), [1_200, 2_800]);
    const left = cents(headline) + 1_200 - 4_000;
    assert.equal(await portal.backToWhatYouOwe(), `You owe ${dollars(left)}`);
  });

async function expectNewSplit(portal) {
  const [older, next] = await portal.rows('Where your payment goes');
  assert.match(older[0], /1001-LATE/);
  assert.match(older.join(' '), /Changed: new in this payment/);
  assert.equal(cents(older[2]), 1_200);
  assert.equal(cents(next[2]), 2_800);
  assert.match(next[2], /Changed: was \$40\.00/);
}
