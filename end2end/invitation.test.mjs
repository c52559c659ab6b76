// Invited: from the mail to the first payment, and the links that no longer work.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { scenario } from './scenario.mjs';

const GRACE = 'grace@guests.example';
const REFUSED = [/status of 410 \(Gone\)/];

const NUMBER = '1001';

let staff = 0;

/** Staff invite a person to one of the demo accounts; gives the link in the mail. */
async function invited(server, email = GRACE, ...more) {
  staff += 1;
  server.run('operator', 'add', `anna${staff}`, '--role', 'clerk');
  const told = ['invite', email, '--account', NUMBER, '--name', 'Grace', '--by', `anna${staff}`];
  const known = server.mails(email).length;
  assert.match(server.run(...told, ...more), /^1 invited/);
  const mail = await server.mail(email, known);
  assert.ok(!mail.text.includes(NUMBER), 'the proof is not in the mail');
  return mail.text.match(/http:\S+/)[0];
}

scenario('an invited customer comes in with a number from the bill, and pays',
  { screen: PHONE, expects: REFUSED },
  async (portal, stage) => {
    const link = await invited(portal.server);
    // A mail program looks at the link before the reader does.
    for (let look = 0; look < 3; look += 1) assert.equal((await fetch(link)).status, 200);
    await portal.page.goto(link);
    await portal.heading('See your bills online');
    assert.ok(!portal.page.url().includes(link.split('#')[1]), 'the secret has left the address');
    assert.deepEqual(await axeFindings(portal.page), []);
    await portal.page.screenshot({ path: join(output, 'invitation phone.png'), fullPage: true });

    await portal.button('See my bills').click();
    await portal.page.getByRole('link', { name: 'Enter the account number' }).waitFor();
    await portal.field('Account number').fill('1');
    await portal.button('See my bills').click();
    await portal.page.getByRole('link', { name: /do not work together/ }).waitFor();
    await portal.page.reload();
    await portal.heading('See your bills online');
    await portal.field('Account number').fill(` ${NUMBER.toLowerCase()} `);
    await portal.button('See my bills').click();
    await portal.heading(/You owe/);
    await portal.payFor('20.00');
    await portal.heading('Payment received');

    const late = await stage.newBrowser();
    await late.page.goto(link);
    await late.heading('See your bills online');
    await late.field('Account number').fill(NUMBER);
    await late.button('See my bills').click();
    await late.page.getByRole('link', { name: /do not work together/ }).waitFor();
  });

scenario('an invitation that came too late lets nobody in, and one sent again does',
  { expects: REFUSED },
  async (portal) => {
    const late = await invited(portal.server);
    portal.server.ageLinks(73);
    await portal.page.goto(late);
    await portal.heading('See your bills online');
    await portal.field('Account number').fill(NUMBER);
    await portal.button('See my bills').click();
    await portal.page.getByRole('link', { name: /do not work together/ }).waitFor();

    await portal.gotoInSamePlace(await invited(portal.server));
    await portal.field('Account number').fill(NUMBER);
    await portal.button('See my bills').click();
    await portal.heading(/You owe/);
  });

scenario('somebody who may only look is not led to paying', {}, async (portal) => {
  const link = await invited(portal.server, 'viewer@guests.example', '--viewer');
  await portal.page.goto(link);
  await portal.field('Account number').fill(NUMBER);
  await portal.button('See my bills').click();
  await portal.heading(/You owe/);
  assert.equal(await portal.link('Make a payment').count(), 0);
});

scenario('the page of an invitation reads well in the dark and on a desk', { screen: DESK },
  async (portal) => {
    const link = await invited(portal.server);
    await portal.page.emulateMedia({ colorScheme: 'dark' });
    await portal.page.goto(link);
    await portal.heading('See your bills online');
    assert.deepEqual(await axeFindings(portal.page), []);
    await portal.page.screenshot({ path: join(output, 'invitation desk dark.png') });
  });
