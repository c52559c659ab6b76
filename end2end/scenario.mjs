// A story told by a test: a fresh server, a person at a browser, and at its end the questions
// that every story must answer well.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { join } from 'node:path';
import { Complaints, DESK, closeBrowser, output, theBrowser } from './browser.mjs';
import { PortalPage } from './portal_page.mjs';
import { PortalServer } from './server.mjs';

after(closeBrowser);

class Stage {
  #contexts = [];

  constructor(server, complaints) {
    this.server = server;
    this.complaints = complaints;
  }

  /** Another browser with nothing in it, and its first tab. */
  async newBrowser(screen = DESK) {
    const context = await (await theBrowser()).newContext({ baseURL: this.server.url, ...screen });
    context.setDefaultTimeout(15_000);
    this.#contexts.push(context);
    return this.newTab(context);
  }

  async newTab(context) {
    const page = await context.newPage();
    this.complaints.watch(page);
    return new PortalPage(page, this.server);
  }

  async photograph(name) {
    const pages = this.#contexts.flatMap((context) => context.pages());
    for (const [at, page] of pages.entries()) {
      const path = join(output, `failed ${name.replaceAll(/[^\w ]/g, '')} ${at}.png`);
      await page.screenshot({ path }).catch(() => {});
    }
  }

  async close() {
    for (const context of this.#contexts) await context.close();
  }
}

/**
 * A test with a portal of its own. `told` gets the person's page and the stage.
 *
 * Options: `screen`; `host`, the name people type; `settings` of the server; `load` instead of the
 * demo customers; `expects`, patterns of console messages the story provokes; `work`, a pattern of
 * what it leaves for a person in the log; `timeout` in milliseconds.
 */
export function scenario(name, options, told) {
  test(name, { timeout: options.timeout ?? 120_000 }, async (run) => {
    const server = await PortalServer.start(options);
    const complaints = new Complaints(options.expects);
    const stage = new Stage(server, complaints);
    try {
      const portal = await stage.newBrowser(options.screen);
      await told(portal, stage, run);
      assert.deepEqual(complaints.unexpected(), [], 'what the browser complained about');
      assert.equal(await server.policyReports(), 0, 'reports of the content security policy');
      const faults = server.errors().filter((line) => !options.work?.test(line));
      assert.deepEqual(faults, [], 'errors in the server log');
      assert.match(server.run('check'), /The book is exact/);
    } catch (error) {
      await stage.photograph(name);
      const heard = complaints.unexpected().join('\n');
      run.diagnostic(`${heard}\n${server.log.split('\n').slice(-15).join('\n')}`);
      throw error;
    } finally {
      await stage.close();
      await server.stop();
    }
  });
}
