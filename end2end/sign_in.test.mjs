// Signing in: a code or a link by mail, for the browser that asked, once.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { axeFindings, output } from './browser.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';
const REFUSED = [/status of 401 \(Unauthorized\)/];

scenario('a code is pasted as it comes; after signing out Back shows nothing', {},
  async (portal) => {
    const { code } = await portal.askForCode(ADA);
    assert.equal(await portal.field('Code').getAttribute('autocomplete'), 'one-time-code');
    const spaced = ` ${code.slice(0, 3)} ${code.slice(3).toLowerCase()} `;
    await portal.field('Code').focus();
    await portal.page.keyboard.insertText(spaced);
    await portal.page.keyboard.press('Enter');
    await portal.heading(/You owe/);

    await portal.button('Sign out').click();
    await portal.heading('Sign in');
    await portal.page.goBack();
    await portal.heading('Sign in');
    assert.doesNotMatch(await portal.words(), /You owe/);
  });

scenario('a link signs in by a press of the button, and opening it uses nothing up', {},
  async (portal) => {
    const { link } = await portal.askForCode(ADA);
    const secret = link.split('#')[1];
    assert.ok(secret, 'the secret stands behind the #, where no server and no log sees it');

    // A mail program that looks at the link before the reader does.
    for (let look = 0; look < 3; look += 1) {
      const seen = await fetch(link);
      assert.equal(seen.status, 200);
      assert.equal(seen.headers.get('set-cookie'), null);
    }
    await portal.page.goto(link);
    await portal.heading('Sign in with the link');
    assert.ok(!portal.page.url().includes(secret), 'the secret has left the address');
    await portal.field('Keep me signed in on this device').check();
    await portal.button('Sign in').click();
    await portal.heading(/You owe/);
    const cookies = await portal.page.context().cookies();
    const latest = Math.max(...cookies.map((cookie) => cookie.expires));
    assert.ok(latest > Date.now() / 1_000 + 25 * 86_400, 'the device is remembered');
  });

scenario('a link works once, and only in the browser that asked for it', { expects: REFUSED },
  async (portal, stage) => {
    const { link } = await portal.askForCode(ADA);
    const stranger = await stage.newBrowser();
    await stranger.page.goto(link);
    await stranger.heading('Sign in with the link');
    await stranger.button('Sign in').click();
    await stranger.text('This link does not work here').waitFor();

    await portal.page.goto(link);
    await portal.button('Sign in').click();
    await portal.heading(/You owe/);
    await portal.button('Sign out').click();
    await portal.heading('Sign in');
    await portal.page.goto(link);
    await portal.heading('Sign in with the link');
    await portal.button('Sign in').click();
    await portal.text('This link does not work here').waitFor();
  });

scenario('a link and a code that came too late are refused like used ones, and new ones work',
  { expects: REFUSED },
  async (portal) => {
    const { code, link } = await portal.askForCode(ADA);
    portal.server.ageLinks(1);
    await portal.field('Code').fill(code);
    await portal.button('Sign in').click();
    await portal.page.getByRole('link', { name: /This code does not work/ }).waitFor();

    await portal.page.goto(link);
    await portal.heading('Sign in with the link');
    await portal.button('Sign in').click();
    await portal.text('This link does not work here').waitFor();
    await portal.page.screenshot({ path: join(output, 'expired link.png') });
    assert.deepEqual(await axeFindings(portal.page), []);

    await portal.follow('Ask for a new code');
    await portal.heading('Sign in');
    const { link: fresh } = await portal.askForCodeHere(ADA);
    await portal.page.goto(link);
    await portal.heading('Sign in with the link');
    await portal.gotoInSamePlace(fresh);
    await portal.button('Sign in').click();
    await portal.heading(/You owe/);
  });

scenario('what is wrong is said at the field and in the summary', { expects: REFUSED },
  async (portal) => {
    await portal.page.goto('/');
    await portal.heading('Sign in');
    await portal.field('E-mail address').fill('ada at home');
    await portal.button('Send me a code').click();
    const problem = 'Enter an e-mail address, like name@example.com';
    await portal.page.getByRole('alert').getByRole('link', { name: problem }).waitFor();
    await portal.focusOn('#error-summary');
    assert.match(await portal.page.title(), /^Error: /);
    assert.equal(await portal.field('E-mail address').getAttribute('aria-invalid'), 'true');
    assert.equal(await portal.field('E-mail address').inputValue(), 'ada at home');

    const { code } = await portal.askForCode(ADA);
    const wrong = code === '000000' ? '111111' : '000000';
    await portal.field('Code').fill(wrong);
    await portal.button('Sign in').click();
    await portal.page.getByRole('link', { name: /This code does not work/ }).waitFor();
    await portal.field('Code').fill(code);
    await portal.button('Sign in').click();
    await portal.heading(/You owe/);
  });

scenario('an unknown address is answered like a known one and gets no mail', {},
  async (portal, stage) => {
    const nobody = 'nobody@customers.example';
    await portal.page.goto('/');
    await portal.field('E-mail address').fill(nobody);
    await portal.button('Send me a code').click();
    await portal.heading('Check your e-mail');
    await portal.text(`If ${nobody} is known to us`).waitFor();
    // The known one's letter, asked for later, has arrived by now.
    await (await stage.newBrowser()).askForCode(ADA);
    assert.deepEqual(portal.server.mails(nobody), []);
  });

scenario('the page that was asked for comes after signing in', {}, async (portal) => {
  await portal.signIn(ADA);
  const home = portal.page.url();
  await portal.follow('See payments');
  await portal.heading('Payments');
  const wanted = portal.page.url();
  await portal.page.context().clearCookies();
  await portal.page.goto(wanted);
  await portal.heading('Sign in');
  await portal.field('E-mail address').fill(ADA);
  await portal.button('Send me a code').click();
  const mail = await portal.server.mail(ADA, 1);
  await portal.field('Code').fill(mail.text.match(/^ {4}(\S.*)$/m)[1].trim());
  await portal.button('Sign in').click();
  await portal.heading('Payments');
  assert.equal(portal.page.url(), wanted);
  assert.notEqual(wanted, home);
});
