// From a key press to the painted preview, with few and with very many open bills: from the
// input event's time stamp to the first task after the next animation frame.
import { theBrowser, PHONE } from '../browser.mjs';
import { PortalPage } from '../portal_page.mjs';
import { PortalServer } from '../server.mjs';
import { importBills } from './bills.mjs';
import { median, say, table } from './report.mjs';

const SIZES = [12, 1_000, 10_000];
const SLOWER = [1, 4];
const PASSES = 3;
// Longer than the page waits before it works out what a long list comes to in all.
const BETWEEN_KEYS_MS = 200;
const KEYS = [...'123.45', ...Array(6).fill('Backspace'), ...'98765.4'];

export async function typing() {
  const name = (bills) => `payer-with-${bills}`;
  const customers = SIZES.map((bills) => ({ name: name(bills), bills }));
  const server = await PortalServer.start({ load: (program) => importBills(program, customers) });
  try {
    const pages = new Map();
    for (const bills of SIZES) pages.set(bills, await signedIn(server, name(bills)));
    const found = new Map();
    for (let pass = 0; pass < PASSES; pass++) {
      for (const slower of SLOWER) {
        for (const bills of SIZES) {
          const key = `${bills} ${slower}`;
          const typed = await typeOnce(pages.get(bills), slower);
          found.set(key, [...(found.get(key) ?? []), ...typed]);
        }
      }
    }
    const rows = SLOWER.flatMap((slower) => {
      const few = median(found.get(`${SIZES[0]} ${slower}`));
      return SIZES.map((bills) => {
        const times = found.get(`${bills} ${slower}`);
        const middle = median(times);
        return [
          `${bills.toLocaleString('en-US')} open bills, CPU ${slower}x slower`,
          middle.toFixed(1),
          Math.max(...times).toFixed(1),
          (middle / few).toFixed(2),
          slower === 1 ? 'median ≤ 8, max ≤ 50' : 'max ≤ 100',
        ];
      });
    });
    table(['key press to paint', 'median ms', 'max ms', `of ${SIZES[0]} bills`, 'target'], rows);
    say(`${PASSES} passes of ${KEYS.length} key presses. Target: ratio at most 1.50.\n`);
  } finally {
    for (const context of (await theBrowser()).contexts()) await context.close();
    await server.stop();
  }
}

async function signedIn(server, name) {
  const screen = { ...PHONE, deviceScaleFactor: 2 };
  const context = await (await theBrowser()).newContext({ baseURL: server.url, ...screen });
  const page = await context.newPage();
  const portal = new PortalPage(page, server);
  page.on('pageerror', (error) => say(`PAGE ERROR: ${error.message}`));
  await page.addInitScript(() => {
    window.keyToPaint = [];
    const onInput = (event) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.keyToPaint.push(performance.now() - event.timeStamp);
        port2.postMessage(0);
      });
    };
    addEventListener('input', onInput, true);
  });
  await portal.signIn(`${name}@customers.example`);
  await portal.openHowMuch();
  await portal.choice('Another amount').check();
  return portal;
}

async function typeOnce(portal, slower) {
  const { page } = portal;
  const debug = await page.context().newCDPSession(page);
  await page.bringToFront();
  await portal.amount().fill('');
  await portal.amount().focus();
  await debug.send('Emulation.setCPUThrottlingRate', { rate: slower });
  const words = () => page.locator('#preview').innerText();
  const before = await words();
  await page.evaluate(() => (window.keyToPaint.length = 0));
  for (const key of KEYS) {
    await page.keyboard.press(key);
    await page.waitForTimeout(BETWEEN_KEYS_MS);
  }
  await page.waitForTimeout(300);
  const times = await page.evaluate(() => [...window.keyToPaint]);
  await debug.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await debug.detach();
  if ((await words()) === before) throw new Error('typing did not change the preview');
  if (times.length !== KEYS.length) throw new Error(`${times.length} of ${KEYS.length} measured`);
  return times;
}
