// The whole main job by keyboard alone, and where the focus is.
import assert from 'node:assert/strict';
import { scenario } from './scenario.mjs';

const ADA = 'ada@customers.example';

scenario('the main job is done without a mouse', {}, async (portal) => {
  const { keyboard } = portal.page;
  /** Tabs on until the focus is on what is named so; a person would, too. */
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses += 1) {
      await keyboard.press('Tab');
      const at = await portal.page.evaluate(() => {
        const { activeElement: here } = document;
        const label = here.labels?.[0]?.innerText ?? '';
        const box = here.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const top = document.elementFromPoint(x, y);
        const shown = !top || here.contains(top) || top.contains(here) || here.labels?.[0] === top;
        const outline = getComputedStyle(here).outlineStyle;
        const words = `${label} ${here.innerText ?? ''}`.replaceAll(/\s+/g, ' ').trim();
        return { words, shown, outline, type: here.type };
      });
      if (!name.test(at.words)) continue;
      assert.ok(at.shown, `"${at.words}" has the focus and is covered`);
      return at;
    }
    return assert.fail(`Tab never came to ${name}`);
  };

  await portal.page.goto('/');
  await portal.heading('Sign in');
  const skip = await tabTo(/Skip to main content/);
  assert.notEqual(skip.outline, 'none', 'the focus is seen');
  await tabTo(/E-mail address/);
  await keyboard.type(ADA);
  await keyboard.press('Enter');
  await portal.heading('Check your e-mail');
  const mail = await portal.server.mail(ADA, 0);
  await tabTo(/^Code/);
  await keyboard.insertText(mail.text.match(/^ {4}(\S.*)$/m)[1].trim());
  await keyboard.press('Enter');
  await portal.heading(/You owe/);

  await tabTo(/Make a payment/);
  await keyboard.press('Enter');
  await portal.heading('How much do you want to pay?');
  await tabTo(/Due now/);
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  assert.ok(await portal.choice('Another amount').isChecked());
  await tabTo(/How much do you want to pay, in dollars/);
  await keyboard.type('35');
  await portal.preview('If you pay $35.00 today');
  await keyboard.press('Enter');
  await portal.heading('Check and pay');
  await portal.focusOn('h1');
  await tabTo(/Card that works/);
  await tabTo(/^Pay \$35\.00 now$/);
  await keyboard.press('Enter');
  await portal.heading('Payment received');
});

scenario('after a change of route the focus is on the heading and the title says where', {},
  async (portal) => {
    await portal.signIn(ADA);
    const steps = [
      ['See past bills', 'Past bills'],
      ['Payments', 'Payments'],
      ['What you owe', /You owe/],
    ];
    for (const [link, heading] of steps) {
      await portal.follow(link);
      const words = await portal.heading(heading);
      await portal.focusOn('h1');
      const title = await portal.page.title();
      assert.ok(title.startsWith(words), `${title} starts with ${words}`);
    }
    await portal.page.goBack();
    await portal.heading('Payments');
    await portal.focusOn('h1');
    assert.equal(await portal.page.getByRole('heading', { level: 1 }).count(), 1);
  });

scenario('a screen reader hears one short sentence after a pause, never the table', {},
  async (portal) => {
    await portal.signIn(ADA);
    await portal.openHowMuch();
    const heard = portal.page.locator('[aria-live="polite"]');
    assert.equal(await heard.count(), 1, 'one live node');
    assert.equal((await heard.innerText()).trim(), '', 'which starts empty');
    assert.equal(await portal.page.locator('[aria-live] table, [role="status"] table').count(), 0);
    await portal.page.evaluate(() => {
      globalThis.history_of_news = [];
      const node = document.querySelector('[aria-live="polite"]');
      const watch = new MutationObserver(() => history_of_news.push(node.textContent));
      watch.observe(node, { childList: true, characterData: true, subtree: true });
    });
    await portal.choice('Another amount').check();
    await portal.amount().pressSequentially('123.45', { delay: 60 });
    await portal.page.waitForFunction(() => /\$123\.45/.test(history_of_news.at(-1)));
    const news = await portal.page.evaluate(() => history_of_news.filter((words) => words !== ''));
    assert.equal(news.length, 1, `said while typing: ${news}`);
    assert.match(news[0], /^If you pay \$123\.45: .*, \$[\d,.]+ left\./);
  });
