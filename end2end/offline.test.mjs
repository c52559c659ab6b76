// Without a network the preview still works, and paying waits.
import assert from 'node:assert/strict';
import { scenario } from './scenario.mjs';

scenario('offline the preview works and paying is off, with the reason', {}, async (portal) => {
  await portal.signIn('ada@customers.example');
  await portal.openHowMuch();
  const network = portal.page.context();
  await network.setOffline(true);
  await portal.text('You are offline').first().waitFor();
  assert.match(await portal.words(), /Worked out on your device at \d\d:\d\d/);
  await portal.typeAmount('50');
  await portal.preview('If you pay $50.00 today');
  const goOn = portal.button('Continue');
  assert.equal(await goOn.getAttribute('aria-disabled'), 'true');
  const reason = await goOn.getAttribute('aria-describedby');
  const words = await portal.page.locator(`#${reason}`).innerText();
  assert.match(words, /You can pay when you are back/);
  // A person may press what is off; the test has to be told to.
  await goOn.click({ force: true });
  await portal.heading('How much do you want to pay?');

  await network.setOffline(false);
  await portal.text('You are offline').first().waitFor({ state: 'detached' });
  await portal.goOn();
  await portal.heading('Check and pay');
  await portal.chooseCard('Card that works');

  await network.setOffline(true);
  await portal.text('You are offline. You can pay when you are back online.').waitFor();
  assert.equal(await portal.payButton().getAttribute('aria-disabled'), 'true');
  await portal.payButton().click({ force: true });
  await portal.heading('Check and pay');
  await network.setOffline(false);
  await portal.text('You are offline.').waitFor({ state: 'detached' });
  await portal.pay();
  await portal.heading('Payment received');
});
