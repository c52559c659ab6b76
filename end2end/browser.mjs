// Debian's Chromium, and what it complained about.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const output = join(import.meta.dirname, 'output');
mkdirSync(output, { recursive: true });

const axe = readFileSync(join(import.meta.dirname, 'node_modules/axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const NARROW = { viewport: { width: 320, height: 700 }, isMobile: true, hasTouch: true };
export const DESK = { viewport: { width: 1280, height: 900 } };

export const LAUNCH = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

let launched;

/** One browser for all tests of a file. */
export function theBrowser() {
  launched ??= chromium.launch(LAUNCH);
  return launched;
}

export async function closeBrowser() {
  await (await launched)?.close();
}

/** What a page may never do, gathered while it runs. */
export class Complaints {
  #found = [];

  /** `expected`: patterns of messages the story itself provokes. */
  constructor(expected = []) {
    this.expected = [
      // The builder puts a checksum where this browser does not look at it yet.
      /`integrity` attribute is currently ignored for preload destinations/,
      ...expected,
    ];
  }

  watch(page) {
    page.on('pageerror', (error) => this.#found.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const text = `${message.text()} ${message.location().url}`;
      this.#found.push(`console ${message.type()}: ${text}`);
    });
    page.on('crash', () => this.#found.push('the page crashed'));
  }

  unexpected() {
    return this.#found.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }
}

/** Runs axe in the page: WCAG 2.2 A and AA and its best practices; what it found, in words. */
export async function axeFindings(page) {
  // As the page's policy admits no script of others, axe comes by way of the debugger.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary}`);
    return `${id} (${help})\n    ${places.join('\n    ')}`;
  });
}
