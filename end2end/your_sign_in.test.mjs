// Your sign-in: passkeys with the browser's own virtual device, every session, the address.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DESK, PHONE, axeFindings, output } from './browser.mjs';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';
// The standard lets no passkey be made for a number; a name it is, then.
const NAMED = { host: 'localhost' };

/** A device in the computer that knows its owner: nobody here wrote it. */
async function withDevice(portal, isUserVerified = true) {
  const debuggerOf = await portal.page.context().newCDPSession(portal.page);
  await debuggerOf.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified,
    automaticPresenceSimulation: true,
  };
  return debuggerOf.send('WebAuthn.addVirtualAuthenticator', { options });
}

const shot = (portal, name) =>
  portal.page.screenshot({ path: join(output, `${name}.png`), fullPage: true });

scenario('a passkey is offered after the code, and signs in without a mail',
  { ...NAMED, screen: PHONE, expects: [/status of 401 \(Unauthorized\)/] },
  async (portal) => {
    await withDevice(portal);
    await portal.signIn(ADA);
    const codes = () =>
      portal.server.mails(ADA).filter((mail) => mail.text.includes('/sign-in/link#')).length;
    const before = codes();
    assert.deepEqual(await axeFindings(portal.page), []);
    await shot(portal, 'passkey offer phone');
    await portal.button('Add a passkey').click();
    await portal.text('The passkey is added').waitFor();
    await portal.button('Sign out').click();
    await portal.heading('Sign in');
    await shot(portal, 'sign-in with passkey phone');
    await portal.button('Sign in with a passkey').click();
    await portal.heading(/You owe/);
    assert.equal(codes(), before);
    assert.match((await portal.server.mail(ADA, 1)).text, /passkey on Chrome on Linux was added/);
    assert.equal(await portal.button('Add a passkey').count(), 0, 'offered to who has none');

    await portal.follow('Your sign-in');
    await portal.heading('Your sign-in');
    await portal.page.getByRole('table', { name: 'Passkeys' }).waitFor();
    assert.deepEqual(await axeFindings(portal.page), []);
    await shot(portal, 'your sign-in phone');
    await portal.button('Remove').click();
    await portal.text('You have none yet.').waitFor();
    await portal.button('Sign out').first().click();
    await portal.heading('Sign in');
    await portal.button('Sign in with a passkey').click();
    await portal.text('This passkey does not work here').waitFor();
  });

scenario('signing out everywhere ends the other browser too', {}, async (portal, stage) => {
  await portal.signIn(ADA);
  const other = await stage.newBrowser();
  await other.signIn(ADA);
  await portal.follow('Your sign-in');
  await portal.heading('Your sign-in');
  await portal.page.getByRole('table', { name: 'Where you are signed in' }).waitFor();
  assert.deepEqual(await axeFindings(portal.page), []);
  await portal.page.emulateMedia({ colorScheme: 'dark' });
  await shot(portal, 'your sign-in desk dark');
  const cookies = await portal.page.context().cookies();
  await portal.button('Sign out everywhere').click();
  await portal.heading('Sign in');
  await other.page.reload();
  await other.heading('Sign in');
  // The old cookie, brought back, opens nothing.
  await portal.page.context().addCookies(cookies);
  await portal.page.goto('/');
  await portal.heading('Sign in');
});

/** Where it is another day than at the server's clock in the middle of the world. */
const FAR = new Date().getUTCHours() >= 10 ? 'Pacific/Kiritimati' : 'Pacific/Pago_Pago';
scenario('days are those of the reader', { screen: { ...DESK, timezoneId: FAR } },
  async (portal) => {
    await portal.signIn(ADA);
    await portal.follow('Your sign-in');
    await portal.heading('Your sign-in');
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: FAR, day: 'numeric', month: 'short', year: 'numeric',
    }).formatToParts(new Date());
    const [day, month, year] = ['day', 'month', 'year'].map((type) =>
      parts.find((part) => part.type === type).value);
    const [session] = await portal.rows('Where you are signed in');
    assert.equal(session[2], `${day} ${month} ${year}`);
    assert.match(session[1], new RegExp(`${day} ${month} ${year}`));
  });

scenario('one other session is ended, and this one stays', {}, async (portal, stage) => {
  await portal.signIn(ADA);
  const other = await stage.newBrowser();
  await other.signIn(ADA);
  await portal.follow('Your sign-in');
  await portal.button('Sign out there').click();
  await portal.button('Sign out there').waitFor({ state: 'detached' });
  await other.page.reload();
  await other.heading('Sign in');
  await portal.page.reload();
  await portal.heading('Your sign-in');
});

scenario('another address is confirmed, waits a day, and is stopped',
  { expects: [/status of 422 \(Unprocessable/] }, async (portal) => {
    const wanted = 'ada@new.example';
    await portal.signIn(ADA);
    await portal.follow('Your sign-in');
    await portal.button('Change the address').click();
    await portal.field('New e-mail address').fill(wanted);
    await portal.button('Send me a code').click();
    const mail = await portal.server.mail(wanted, 0);
    const code = mail.text.match(/^ {4}(\S.*)$/m)[1].trim();
    await portal.field('Code').fill('0000-0000');
    await portal.button('Confirm the address').click();
    await portal.page.getByRole('link', { name: /This code does not work/ }).waitFor();
    await portal.button('Ask for a new code').click();
    const second = await portal.server.mail(wanted, 1);
    const newest = second.text.match(/^ {4}(\S.*)$/m)[1].trim();
    assert.notEqual(newest, code);
    await portal.field('Code').fill(newest);
    await portal.button('Confirm the address').click();
    await portal.text(`you sign in with ${wanted}`).waitFor();
    const notice = await portal.server.mail(ADA, 1);
    assert.match(notice.text, /a…@new\.example/);
    await portal.button('Keep the address I have').click();
    await portal.button('Change the address').waitFor();
  });
