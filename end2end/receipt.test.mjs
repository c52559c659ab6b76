// The receipt: a page, a sheet of paper, and a mail, all saying the same.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { output } from './browser.mjs';
import { scenario } from './scenario.mjs';

scenario('the receipt prints black on white, without what is only for the screen', {},
  async (portal) => {
    await portal.signIn('ada@customers.example');
    await portal.payFor('100');
    await portal.heading('Payment received');
    await portal.follow('See receipt');
    const title = await portal.heading(/^Receipt /);
    await portal.text('DEMO: no real money moved').waitFor();

    const { page } = portal;
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    for (const only of ['navigation', 'contentinfo']) {
      const shown = await page.getByRole(only).filter({ visible: true }).count();
      assert.equal(shown, 0, `${only} is not printed`);
    }
    assert.equal(await portal.button('Print or save as PDF').isVisible(), false);
    assert.equal(await portal.button('Sign out').isVisible(), false);
    const [ink, paper] = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.color, style.backgroundColor];
    });
    assert.equal(ink, 'rgb(0, 0, 0)');
    assert.ok(['rgb(255, 255, 255)', 'rgba(0, 0, 0, 0)'].includes(paper), paper);
    const stamp = await portal.text('DEMO: no real money moved').evaluate((words) => {
      return getComputedStyle(words).color;
    });
    assert.equal(stamp, 'rgb(0, 0, 0)', 'a dark theme does not reach the paper');
    await page.screenshot({ path: join(output, 'receipt on paper.png'), fullPage: true });
    const sheet = await page.pdf({ path: join(output, 'receipt.pdf'), tagged: true, format: 'A4' });
    assert.equal(sheet.subarray(0, 5).toString(), '%PDF-');
    assert.equal(sheet.toString('latin1').match(/\/Type ?\/Page\b/g).length, 1, 'one page');
    await page.emulateMedia({ media: 'screen' });

    // For years: the address alone is enough after signing in.
    await page.reload();
    assert.equal(await portal.heading(/^Receipt /), title);
  });

scenario('somebody else sees no bill, payment or receipt of mine', {
  expects: [/status of 404 \(Not Found\)/],
}, async (portal, stage) => {
  await portal.signIn('ada@customers.example');
  const account = await portal.link('Make a payment').getAttribute('href');
  const bill = await portal.link(/^See bill/).first().getAttribute('href');
  await portal.payFor('100');
  await portal.heading('Payment received');
  const payment = new URL(portal.page.url()).pathname;

  const other = await stage.newBrowser();
  await other.signIn('ben@customers.example');
  for (const path of [bill, payment, `${payment}/receipt`, account]) {
    await other.page.goto(path);
    await other.heading('Page not found');
    assert.doesNotMatch(await other.words(), /\$/);
  }
});
