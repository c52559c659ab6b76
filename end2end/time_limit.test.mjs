// The session that ends by itself: said in time, put off by one press, and explained afterwards.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { scenario } from './scenario.mjs';
import { PHONE, output } from './browser.mjs';

const ADA = 'ada@customers.example';
const MINUTE = 60_000;
const REFUSED = [/status of 401 \(Unauthorized\)/];

scenario('two minutes before the end one press keeps what is typed and the session',
  { screen: PHONE }, async (portal) => {
    await portal.page.clock.install();
    await portal.signIn(ADA);
    await portal.follow('Make a payment');
    await portal.heading('How much do you want to pay?');
    await portal.page.getByRole('radio', { name: 'Another amount' }).check();
    await portal.field(/How much do you want to pay, in/).fill('12.34');

    await portal.page.clock.fastForward(26 * MINUTE);
    assert.equal(await portal.text('You will be signed out soon').count(), 0);
    await portal.page.clock.fastForward(1 * MINUTE + 5_000);
    const alert = portal.page.getByRole('alert').filter({ hasText: 'You will be signed out soon' });
    await alert.waitFor();
    assert.match(await alert.innerText(), /no money is taken by waiting/);
    await portal.page.screenshot({ path: join(output, 'time limit 390.png') });
    await portal.button('Stay signed in').click();
    await alert.waitFor({ state: 'detached' });
    assert.equal(await portal.field(/How much do you want to pay, in/).inputValue(), '12.34');

    await portal.page.clock.fastForward(20 * MINUTE);
    assert.equal(await portal.text('You will be signed out soon').count(), 0);
  });

scenario('when the time was up the sign-in page says so, and leads back', { expects: REFUSED },
  async (portal, stage) => {
    await portal.page.clock.install();
    await portal.signIn(ADA);
    await portal.follow('Make a payment');
    await portal.heading('How much do you want to pay?');
    const address = portal.page.url();

    const other = await stage.newTab(portal.page.context());
    await other.page.goto('/');
    await other.button('Sign out').click();
    await other.heading('Sign in');

    await portal.page.clock.fastForward(30 * MINUTE + 10_000);
    await portal.text('You have been signed out').waitFor();
    assert.match(await portal.words(), /Nothing was done here for 30 minutes\. No money was taken/);
    const { code } = await portal.askForCodeHere(ADA);
    await portal.field('Code').fill(code);
    await portal.button('Sign in').click();
    await portal.heading('How much do you want to pay?');
    assert.equal(portal.page.url(), address);
  });
