// The portal as a person finds it: by headings, labels and the words on buttons.
import { waitFor } from './server.mjs';
import { cents } from './money.mjs';

const clean = (text) => text.replaceAll(/\s+/g, ' ').trim();

export class PortalPage {
  constructor(page, server) {
    this.page = page;
    this.server = server;
  }

  // Anywhere

  button = (name) => this.page.getByRole('button', { name });
  link = (name) => this.page.getByRole('link', { name });
  field = (label) => this.page.getByLabel(label);
  text = (words) => this.page.getByText(words);

  /** Waits for the page with this heading. */
  async heading(name) {
    const heading = this.page.getByRole('heading', { level: 1, name });
    await heading.waitFor();
    return clean(await heading.innerText());
  }

  /** The whole page's words, one space between them. */
  words = async () => clean(await this.page.locator('main').innerText());

  /** Waits for the focus to come to what the selector names; it moves with the next frame. */
  focusOn = (selector) =>
    this.page.waitForFunction((at) => document.activeElement.matches(at), selector);

  async follow(name) {
    await this.link(name).first().click();
  }

  // Signing in

  /** An address that differs from this page's in its fragment alone: the page loads itself anew. */
  async gotoInSamePlace(address) {
    await Promise.all([this.page.waitForEvent('load'), this.page.goto(address)]);
  }

  async askForCode(email) {
    await this.page.goto('/');
    await this.heading('Sign in');
    return this.askForCodeHere(email);
  }

  async askForCodeHere(email) {
    await this.field('E-mail address').fill(email);
    const known = this.server.mails(email).length;
    await this.button('Send me a code').click();
    await this.heading('Check your e-mail');
    const mail = await this.server.mail(email, known);
    const code = mail.text.match(/^ {4}(\S.*)$/m)[1].trim();
    const link = mail.text.match(/http:\S+/)[0];
    return { code, link };
  }

  async signIn(email) {
    const { code } = await this.askForCode(email);
    await this.field('Code').fill(code);
    await this.button('Sign in').click();
    return this.heading(/owe|Nothing to pay|in credit/);
  }

  // What you owe

  /** The periods due, in the page's order: name, what is left in minor units, all words. */
  async periods() {
    const due = this.page.getByRole('region', { name: 'What is due' });
    await due.waitFor();
    const rows = await due.getByRole('list').first().getByRole('listitem').all();
    return Promise.all(
      rows.map(async (row) => {
        const words = clean(await row.innerText());
        const name = clean(await row.getByRole('heading', { level: 3 }).innerText());
        return { name, left: cents(words.match(/Left to pay (\S+)/)[1]), words };
      }),
    );
  }

  // How much

  async openHowMuch() {
    await this.link('Make a payment').click();
    await this.heading('How much do you want to pay?');
  }

  choice = (name) => this.page.getByRole('radio', { name });
  amount = () => this.field(/How much do you want to pay, in/);

  async typeAmount(text) {
    await this.choice('Another amount').check();
    await this.amount().fill(text);
  }

  /** The rows of the preview's table: each cell's words, the period first. */
  async preview(caption) {
    return this.rows(caption);
  }

  async rows(caption) {
    const table = this.page.getByRole('table', { name: caption });
    await table.waitFor();
    const rows = await table.locator('tbody').getByRole('row').all();
    return Promise.all(
      rows.map(async (row) => {
        const cells = await row.locator('th, td').all();
        return Promise.all(cells.map(async (cell) => clean(await cell.innerText())));
      }),
    );
  }

  async goOn() {
    await this.button('Continue').click();
  }

  /** From any page with the account's sum to the check page with this amount. */
  async check(text) {
    await this.openHowMuch();
    await this.typeAmount(text);
    await this.goOn();
    await this.heading('Check and pay');
  }

  // Check and pay

  /** The card's label goes on with what the card does, in a sentence of its own. */
  async chooseCard(name) {
    const label = new RegExp(`^${name.replaceAll(/[()]/g, '\\$&')}\\s*[A-Z]`);
    await this.page.getByRole('radio', { name: label }).check();
  }

  payButton = () => this.button(/^Pay .* now$/);

  async pay(card) {
    if (card) await this.chooseCard(card);
    await this.payButton().click();
  }

  async payFor(text, card) {
    await this.check(text);
    await this.pay(card ?? 'Card that works');
  }

  // The result

  /** The facts of a receipt or bill: name → words. */
  async facts() {
    await this.page.locator('dl.facts').first().waitFor();
    const terms = await this.page.locator('dl.facts > div').all();
    const pairs = await Promise.all(
      terms.map(async (term) => [
        clean(await term.locator('dt').innerText()),
        clean(await term.locator('dd').innerText()),
      ]),
    );
    return Object.fromEntries(pairs);
  }

  async backToWhatYouOwe() {
    await this.link('Back to what you owe').first().click();
    return this.heading(/owe|Nothing to pay|in credit/);
  }

  /** Until the page says so; for what arrives by itself. */
  says = (words, seconds) =>
    waitFor(`the page to say ${words}`, async () => words.test(await this.words()), seconds);
}
