// The staff desk: a clerk answers a call, an approver decides.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { cents } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

async function comesIn(portal, player) {
  await portal.page.goto('/staff');
  await portal.button(player).click();
  await portal.heading('Find an account');
}

async function finds(portal, typed) {
  await portal.page.keyboard.press('/');
  await portal.page.getByRole('searchbox', { name: 'Find an account' }).fill(typed);
  await portal.page.keyboard.press('Enter');
  await portal.heading(/^Found for/);
}

/** By her e-mail, with the keyboard alone. */
async function opensAda(portal) {
  await finds(portal, ADA);
  await portal.link(/Ada/).first().waitFor();
  await portal.page.keyboard.press('ArrowDown');
  await portal.page.keyboard.press('Enter');
  return portal.heading(/owe|Nothing to pay|in credit/);
}

async function looksRight(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    assert.deepEqual(await axeFindings(page), [], `${name}, ${colorScheme}`);
    await page.screenshot({ path: join(output, `desk ${name} ${colorScheme}.png`), fullPage: true });
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wide, false, `${name} is wider than the screen`);
  await page.emulateMedia({ colorScheme: 'light' });
}

for (const [screen, width] of [[DESK, 1280], [PHONE, 390]]) {
  scenario(`a clerk finds who is calling and sees what they see, at ${width}`, { screen },
    async (portal) => {
      const { page } = portal;
      await comesIn(portal, /Carla/);
      await looksRight(page, `find ${width}`);
      await finds(portal, ADA);
      await portal.link(/Ada/).first().waitFor();
      await looksRight(page, `found ${width}`);
      const owes = await opensAda(portal);
      await portal.text(ADA).waitFor();
      await portal.page.getByRole('table', { name: 'Newest first' }).first().waitFor();
      await portal.text('Bill issued').first().waitFor();
      await looksRight(page, `account ${width}`);
      const due = await portal.periods();
      assert.equal(due.reduce((sum, period) => sum + period.left, 0), cents(owes));

      await portal.follow('See what the customer sees');
      await portal.text('This is what the customer sees').waitFor();
      assert.deepEqual(await portal.periods(), due, 'the same periods as at the desk');
      const there = page.url();
      await page.getByRole('link', { name: 'Past bills' }).click({ noWaitAfter: true });
      assert.equal(page.url(), there, 'nothing can be pressed');
      await looksRight(page, `as customer ${width}`);
      await portal.follow('Back to the account');
      await portal.follow(/See the bill|Bill details|See bill/);
      await portal.heading(/./);
      assert.match(new URL(page.url()).pathname, /^\/desk\/bills\//);
      await page.goBack();
      await portal.heading(owes);
    });
}

scenario('whatever the caller has at hand leads to the account', {}, async (portal, { newBrowser }) => {
  const { page } = portal;
  await comesIn(portal, /Carla/);
  await opensAda(portal);
  const address = page.url();
  const number = (await portal.words()).match(/Account ([\w-]+)/)[1];
  const [period] = await portal.periods();
  const bill = period.words.match(/Bill ([\w-]+)/)[1];
  const total = period.words.match(/\$([\d.,]+) in all/)[1];
  for (const typed of ['ada', number, bill, `=${total}`]) {
    await finds(portal, typed);
    const hits = await page.getByRole('link', { name: new RegExp(`Account ${number}`) });
    await hits.first().click();
    await portal.heading(/owe/);
    assert.equal(page.url(), address, typed);
  }
  await finds(portal, 'nobody of that name');
  await portal.text('Nothing is called that').waitFor();
});

scenario('what a payment would do is tried side by side, sent and printed, and nothing is saved', {},
  async (portal, stage) => {
    const { page } = portal;
    await comesIn(portal, /Carla/);
    await opensAda(portal);
    const before = await portal.periods();
    await portal.follow('What would a payment do?');
    await portal.heading('What would a payment do?');
    await portal.page.getByRole('textbox', { name: 'Amount' }).first().fill('100');
    await portal.button('Compare with another amount').click();
    const columns = page.getByRole('region', { name: /^Amount \d/ });
    assert.equal(await columns.count(), 2);
    await columns.nth(1).getByRole('textbox', { name: 'Amount' }).fill('20.50');
    await columns.nth(1).getByLabel('Goes to').selectOption({ label: 'The newest bill first' });
    const sums = async (tab) => {
      const all = await tab.getByRole('region', { name: /^Amount \d/ }).all();
      return Promise.all(all.map((column) => column.innerText()));
    };
    await page.waitForFunction(() => location.search.includes('20.50'));
    const shown = await sums(page);
    assert.match(shown[0], /\$100\.00/);
    assert.notEqual(shown[0], shown[1]);
    await looksRight(page, 'what if 1280');
    await page.pdf({ path: join(output, 'desk what if.pdf') });

    // A colleague who is sent the address sees the same.
    const colleague = await stage.newBrowser();
    await comesIn(colleague, /Abel/);
    await colleague.page.goto(page.url());
    await colleague.heading('What would a payment do?');
    assert.deepEqual(await sums(colleague.page), shown);
    await colleague.page.setViewportSize(PHONE.viewport);
    await looksRight(colleague.page, 'what if 390');

    await columns.nth(0).getByRole('textbox', { name: 'Amount' }).fill('nonsense');
    await portal.text(/nonsense|amount/i).first().waitFor();
    await portal.follow('Back to the account');
    assert.deepEqual(await portal.periods(), before, 'nothing was saved');
  });

scenario('an approver refunds a part after seeing what opens again, once', {},
  async (portal, stage) => {
    await portal.signIn(ADA);
    await portal.payFor('100');
    await portal.heading('Payment received');
    const payment = new URL(portal.page.url()).pathname.split('/').at(-1);

    const abel = await stage.newBrowser();
    await comesIn(abel, /Abel/);
    await finds(abel, payment);
    await abel.link(/Ada/).first().click();
    await abel.heading('Payment of $100.00');
    await abel.follow('Refund');
    await abel.heading('Refund of $100.00');
    await abel.field('How much goes back').fill('20');
    await abel.button('See what it does').click();
    await abel.text('Say why it goes back.').first().waitFor();
    await abel.field('Why').fill('paid twice at the desk');
    await abel.button('See what it does').click();
    await abel.button('Refund $20.00').waitFor();
    await abel.text('$100.00 → $80.00').waitFor();
    await looksRight(abel.page, 'refund 1280');
    // Another sum is another effect: the press for the old one is gone.
    await abel.field('How much goes back').fill('30');
    assert.equal(await abel.button(/^Refund \$/).count(), 0);
    await abel.button('See what it does').click();
    await abel.button('Refund $30.00').click();
    await abel.text('The refund was asked for').waitFor();
    await abel.follow('Back to the payment');
    await abel.text('paid twice at the desk').waitFor();
    await looksRight(abel.page, 'payment 1280');
    await abel.follow('Back to the account');
    await abel.link('Refund asked for').waitFor();
    const row = abel.page.getByRole('row').filter({ hasText: 'Refund asked for' });
    assert.match(await row.innerText(), /Abel Approver[^]*paid twice at the desk/);
  });

scenario('a clerk proposes a write-off, and another person approves it', {
  work: /"kind":"approval_waits"/,
}, async (portal, stage) => {
  const { page } = portal;
  await comesIn(portal, /Carla/);
  await opensAda(portal);
  const before = await portal.periods();
  await portal.follow('Credit note or write-off');
  await portal.heading('Credit note or write-off');
  await page.getByRole('radio', { name: /^Write-off/ }).check();
  await portal.field('How much').fill('5');
  await portal.field('Why').fill('not worth a letter');
  await portal.button('See what it does').click();
  await portal.text('It waits until somebody else approves it').waitFor();
  await looksRight(page, 'write-off 1280');
  await portal.button('Propose the write-off of $5.00').click();
  await portal.text('It is proposed and waits for approval').waitFor();
  await portal.follow('Back to the account');
  assert.deepEqual(await portal.periods(), before, 'nothing changes before it is approved');
  const account = page.url();

  const abel = await stage.newBrowser();
  await comesIn(abel, /Abel/);
  await abel.follow('Work list');
  await abel.heading('What waits for a person');
  await looksRight(abel.page, 'work list 1280');
  await abel.follow('Approve or decline');
  await abel.heading('Write-off of $5.00');
  await abel.button('See what it does').click();
  await abel.button('Approve').click();
  await abel.text('It is approved').waitFor();
  await abel.follow('Back to the account');
  const after = await abel.periods();
  assert.equal(before[0].left - after[0].left, 500);
});

scenario('a clerk records a cheque after seeing what it settles, and not twice',
  { settings: { PAYDOWN_STAFF__CLERKS_LIMIT: '10000' }, work: /"kind":"approval_waits"/ },
  async (portal, stage) => {
    const { page } = portal;
    await comesIn(portal, /Carla/);
    const before = await opensAda(portal);
    const account = page.url();
    const fill = async (amount) => {
      await portal.follow('Record a payment');
      await portal.heading('Record a payment from elsewhere');
      await portal.field('How much was received').fill(amount);
      await portal.field('How it came').selectOption('cheque');
      await portal.field('Reference').fill('4711');
      await portal.button('See what it does').click();
    };
    await fill('40');
    await portal.page.getByRole('table', { name: 'What it settles' }).waitFor();
    await looksRight(page, 'record 1280');
    await portal.button('Record $40.00').click();
    await portal.text('$40.00 is recorded').waitFor();
    await portal.follow('Back to the account');
    const after = await portal.heading(/owe/);
    assert.equal(cents(before) - cents(after), 4_000);

    await fill('40');
    await portal.text('This looks like a payment that is recorded already').waitFor();
    assert.equal(await portal.button(/^Record \$/).count(), 0, 'it stops');
    await looksRight(page, 'record twice 1280');
    await portal.button('See what it does').click();
    await portal.text('Say why it is another payment.').first().waitFor();
    await portal.field('Why it is another payment').fill('two cheques in one envelope');
    await portal.button('See what it does').click();
    await portal.button('Record $40.00').click();
    await portal.text('$40.00 is recorded').waitFor();

    // Above the clerk's limit it waits for somebody else.
    await page.goto(account);
    await fill('100.01');
    await portal.button('Propose $100.01').click();
    await portal.text('$100.01 waits for approval').waitFor();
    const abel = await stage.newBrowser(PHONE);
    await comesIn(abel, /Abel/);
    await abel.page.goto(account);
    await abel.link('Payment from elsewhere proposed').click();
    await abel.heading('Payment of $100.01 from elsewhere');
    await abel.button('See what it does').click();
    await abel.button('Approve').click();
    await abel.text('It is approved').waitFor();
    await looksRight(abel.page, 'approved 390');
    await abel.follow('Back to the account');
    const left = await abel.heading(/owe/);
    assert.equal(cents(before) - cents(left), 18_001);
  });

scenario('a clerk moves what a payment settled to another bill', {}, async (portal, stage) => {
  await portal.signIn(ADA);
  await portal.payFor('60');
  await portal.heading('Payment received');
  const payment = new URL(portal.page.url()).pathname.split('/').at(-1);
  const carla = await stage.newBrowser();
  await comesIn(carla, /Carla/);
  await carla.page.goto(`/desk/payments/${payment}/move`);
  await carla.heading('Move to other bills');
  await carla.button('See what it does').click();
  await carla.text('Type how much is moved').first().waitFor();
  await carla.page.getByRole('group', { name: 'Take back from' }).getByRole('textbox').first()
    .fill('10');
  await carla.page.getByRole('group', { name: 'Give to' }).getByRole('textbox').last().fill('10');
  await carla.button('See what it does').click();
  await carla.button('Move it').waitFor();
  await looksRight(carla.page, 'move 1280');
  await carla.button('Move it').click();
  await carla.text('The money was moved').waitFor();
});

scenario('nobody at the desk is led to the door, and back to the page they wanted',
  { expects: [/401 \(Unauthorized\)/, /404 \(Not Found\)/] },
  async (portal) => {
    const { page } = portal;
    await page.goto('/desk');
    await portal.heading('Staff sign-in');
    await looksRight(page, 'door 1280');
    await portal.follow('Sign in');
    await portal.button(/Carla/).click();
    await portal.heading('Find an account');
    await opensAda(portal);
    await page.goto('/desk/accounts/acc_nothing');
    await portal.heading('This is not here');
    await portal.button('Sign out').click();
    await page.goto('/desk');
    await portal.heading('Staff sign-in');
  });

scenario('a bill is held while it is looked into, and the customer reads why', {},
  async (portal, stage) => {
    const { page } = portal;
    await comesIn(portal, /Carla/);
    const before = await opensAda(portal);
    await portal.text('Hold or release a bill').click();
    await page.getByRole('link', { name: /^Hold / }).first().click();
    await portal.heading(/^Hold bill /);
    await portal.field('Why').fill('We are checking the meter.');
    await portal.button('See what it does').click();
    await looksRight(page, 'hold 1280');
    await portal.button(/^Hold bill /).click();
    await portal.text('The bill is on hold').waitFor();
    await portal.follow('Back to the account');
    const held = await portal.heading(/owe|Nothing/);
    assert.notEqual(held, before);
    const ada = await stage.newBrowser(PHONE);
    await ada.signIn(ADA);
    await ada.text('We are checking the meter.').waitFor();
    await portal.text('Hold or release a bill').click();
    await page.getByRole('link', { name: /^Release / }).click();
    await portal.button('See what it does').click();
    await portal.button(/^Release bill /).click();
    await portal.text('The bill is asked for again').waitFor();
    await portal.follow('Back to the account');
    assert.equal(await portal.heading(/owe/), before);
  });

for (const [screen, width] of [[DESK, 1280], [PHONE, 390]]) {
  scenario(`how the portal stands is told in sums, pictures and tables, at ${width}`, { screen },
    async (portal) => {
      await comesIn(portal, /Abel/);
      await portal.follow('How it stands');
      await portal.heading('How it stands');
      await portal.page.getByRole('table', { name: 'How old what is owed is' }).first()
        .waitFor();
      await looksRight(portal.page, `figures ${width}`);
      await portal.follow(/wait for a person/);
      await portal.heading('What waits for a person');
      await portal.text('Nothing waits').waitFor();
    });
}
