// Every page, on a phone and on a desk, light and dark: photographed for people to look at, and
// held to what a program can see of accessibility.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { typed } from './money.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

const expects = [/404 \(Not Found\)/];
const timeout = 300_000;
scenario('every page on a phone', { screen: PHONE, expects, timeout }, (portal) =>
  tour(portal, 390, inspectNarrow));
scenario('every page on a desk', { screen: DESK, expects, timeout }, (portal) =>
  tour(portal, 1280, async () => []));

async function tour(portal, width, alsoInspect) {
  const { page } = portal;
  const faults = [];
  const look = async (name) => {
    for (const colorScheme of ['light', 'dark']) {
      // A change of theme fades; half-way it would be neither.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const path = join(output, `${name} ${width} ${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      const found = await axeFindings(page);
      faults.push(...found.map((fault) => `${name}, ${colorScheme}: ${fault}`));
    }
    const others = [...(await inspect(page)), ...(await alsoInspect(page, width))];
    faults.push(...others.map((fault) => `${name}: ${fault}`));
  };

  await page.goto('/');
  await portal.heading('Sign in');
  await look('sign in');
  const { link } = await portal.askForCode(ADA);
  await look('sign in, code');
  await page.goto(link);
  await portal.heading('Sign in with the link');
  await look('sign in, link');
  await portal.button('Sign in').click();
  await portal.heading(/You owe/);
  await look('what you owe');
  await page.goto('/mailbox');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await look('demo mailbox');
  await page.goto('/nowhere');
  await portal.heading('Page not found');
  await look('not found');

  await page.goto('/');
  const [oldest] = await portal.periods();
  await portal.openHowMuch();
  await look('how much');
  // Without our colours: nothing may be said by colour alone.
  await page.emulateMedia({ forcedColors: 'active' });
  await page.screenshot({ path: join(output, `how much ${width} forced.png`), fullPage: true });
  await page.emulateMedia({ forcedColors: 'none' });
  await portal.typeAmount('1e2');
  await portal.goOn();
  await page.getByRole('alert').waitFor();
  await look('how much, wrong amount');
  await portal.choice('Choose bills yourself').check();
  await page.getByRole('checkbox', { name: oldest.name }).check();
  await look('how much, own choice');
  await portal.typeAmount(typed(oldest.left + 1_000));
  await portal.goOn();
  await portal.heading('Check and pay');
  await page.getByRole('radio', { name: /Card that works/ }).first().waitFor();
  await look('check and pay');
  await portal.pay('Card that is declined');
  await page.getByRole('alert').waitFor();
  await look('check and pay, declined');
  await portal.pay('Card that asks who you are (3-D Secure)');
  await page.getByRole('region', { name: 'Your bank asks' }).waitFor();
  await look('check and pay, the bank asks');
  await portal.button('Approve').click();
  await portal.heading('Payment received');
  await portal.text('What it paid').waitFor();
  await look('payment received');
  await portal.follow('See receipt');
  await portal.heading(/^Receipt/);
  await look('receipt');
  await portal.backToWhatYouOwe();
  await look('what you owe, part paid');
  await portal.follow('See past bills');
  await portal.heading('Past bills');
  await portal.rows('Paid bills, newest first');
  await look('past bills');
  await portal.link(oldest.name).click();
  await portal.heading(/^Bill for/);
  await look('bill');
  await portal.follow('Payments');
  await portal.heading('Payments');
  await portal.rows('Payments, newest first');
  await look('payments');
  await page.goto('/');
  await portal.payFor('20', 'Bank account that works');
  await portal.heading(/^(Bank payment started|Payment in progress)$/);
  await look('payment in progress');

  for (const [name, email] of [
    ['nothing owed', 'ben@customers.example'],
    ['a bill on hold', 'cleo@customers.example'],
    ['two accounts', 'dan@customers.example'],
    ['in credit', 'eve@customers.example'],
    ['many bills', 'gina@customers.example'],
  ]) {
    await page.context().clearCookies();
    await portal.signIn(email);
    await look(`what you owe, ${name}`);
  }
  await portal.openHowMuch();
  await look('how much, many bills');
  assert.deepEqual(faults, [], faults.join('\n'));
}

/** What is the same on every page: its language, one heading, help, and how forms are made. */
function inspect(page) {
  return page.evaluate(() => {
    const faults = [];
    const holds = (what, so) => so || faults.push(what);
    const count = (selector) => document.querySelectorAll(selector).length;
    holds('has no language', document.documentElement.lang !== '');
    holds('has not one h1', count('h1') === 1);
    holds('lets the browser judge a form', count('form:not([novalidate]), [required]') === 0);
    const small = [...document.querySelectorAll('input:not([type="radio"], [type="checkbox"])')]
      .filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16);
    holds('has a field that a phone would zoom into', small.length === 0);
    const helps = document.querySelector('footer h2')?.innerText === 'Help and contact';
    holds('has no help in its footer', helps || location.pathname === '/mailbox');
    return faults;
  });
}

/** At 320 CSS pixels nothing needs scrolling sideways, and everything can be hit. */
async function inspectNarrow(page, width) {
  const { height } = page.viewportSize();
  await page.setViewportSize({ width: 320, height });
  const found = await page.evaluate(() => {
    const faults = [];
    const wide = document.documentElement.scrollWidth;
    if (wide > 320) faults.push(`scrolls sideways: ${wide} px`);
    const inSentence = (target) =>
      target.parentElement.matches('p, li, .hint') &&
      target.parentElement.innerText.trim() !== target.innerText.trim();
    for (const target of document.querySelectorAll('a[href], button, input, [tabindex="0"]')) {
      const boxes = [target, ...(target.labels ?? [])].map((part) => part.getBoundingClientRect());
      const size = (side) => Math.max(...boxes.map((box) => box[side]));
      const hidden = size('width') <= 1 || target.matches('.skip');
      if (hidden || inSentence(target)) continue;
      if (size('width') < 24 || size('height') < 24) {
        const words = target.innerText || target.id;
        faults.push(`"${words}" is ${size('width')} × ${size('height')} px`);
      }
    }
    return faults;
  });
  await page.setViewportSize({ width, height });
  return found;
}
