// Staff sign in through their company's identity provider: a real one, on a site of its own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { axeFindings, output } from './browser.mjs';
import { scenario } from './scenario.mjs';

const provider = process.env.PAYDOWN_TEST_IDENTITY_PROVIDER;
const OF_THE_PROVIDERS_PAGES = [/fonts\.googleapis\.com/, /localhost:\d+\/favicon\.ico/];

/** The settings of a portal that has just become a client of the provider. */
async function clientOfTheProvider(url) {
  if (!provider) {
    throw new Error('PAYDOWN_TEST_IDENTITY_PROVIDER is not set: run this by tools/with-peers.sh');
  }
  const registered = await fetch(`${provider}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [`${url}/staff/sign-in/return`],
      post_logout_redirect_uris: [`${url}/staff`],
    }),
  });
  const client = await registered.json();
  assert.equal(registered.status, 201, JSON.stringify(client));
  return {
    PAYDOWN_STAFF_SIGN_IN__ISSUER: provider,
    PAYDOWN_STAFF_SIGN_IN__CLIENT_ID: client.client_id,
    PAYDOWN_STAFF_SIGN_IN__CLIENT_SECRET: client.client_secret,
    PAYDOWN_STAFF_SIGN_IN__ROLE_MAP__CLERK: 'paydown-clerks',
  };
}

const staffScenario = (name, options, told) =>
  scenario(name, {
    settings: clientOfTheProvider,
    ...options,
    expects: [...OF_THE_PROVIDERS_PAGES, ...(options.expects ?? [])],
  }, told);

/** The provider's own pages, up to the last button. */
async function proveToTheProvider(page, login) {
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any will do');
  assert.equal(new URL(page.url()).origin, provider);
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function looksRight(page, name) {
  await page.screenshot({ path: join(output, `${name}.png`) });
  assert.deepEqual(await axeFindings(page), []);
}

staffScenario('a clerk signs in at the company\'s provider, sees who they are and signs out', {},
  async (portal, stage) => {
    const { page } = portal;
    await page.goto('/staff');
    await portal.heading('Staff sign-in');
    await looksRight(page, 'staff sign-in');

    await proveToTheProvider(page, 'clara');
    await portal.heading('You are signed in');
    assert.equal(page.url(), `${stage.server.url}/staff`, 'no code is left in the address');
    assert.match(await page.locator('dl').innerText(), /Clara Clerk[^]*Roles\s+clerk/);
    await looksRight(page, 'staff signed in');
    const cookies = await page.context().cookies(stage.server.url);
    const session = cookies.find((cookie) => cookie.name === '__Host-pd_staff');
    assert.deepEqual([session.sameSite, session.httpOnly, session.secure], ['Strict', true, true]);
    assert.ok(!cookies.some((cookie) => cookie.name === '__Host-pd_staff_browser'));

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await portal.heading('Staff sign-in');
    // Nor does the old cookie open anything, should somebody have kept it.
    await page.context().addCookies([session]);
    await page.goto('/staff');
    await portal.heading('Staff sign-in');
    // The provider does not know them any more either.
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.locator('input[name=login]').waitFor();
  });

staffScenario('without a second factor a clerk is told what is missing',
  { expects: [/status of 403 \(Forbidden\)/] },
  async (portal) => {
    const { page } = portal;
    await page.goto('/staff');
    await proveToTheProvider(page, 'paul');
    await portal.heading('You are not signed in');
    await portal.text('you signed in without one').waitFor();
    await looksRight(page, 'staff without a second factor');
    await page.goto('/staff');
    await portal.heading('Staff sign-in');
  });

staffScenario('who has no role here is told whom to ask',
  { expects: [/status of 403 \(Forbidden\)/] },
  async (portal) => {
    await portal.page.goto('/staff');
    await proveToTheProvider(portal.page, 'gina');
    await portal.text('Your account has no role here').waitFor();
  });

scenario('without an identity provider the staff door says that it is not set up',
  { settings: { PAYDOWN_DEMO: 'false' }, load: () => {}, expects: [/status of 404 \(Not Found\)/] },
  async (portal) => {
    await portal.page.goto('/staff');
    await portal.heading('Staff sign-in is not set up');
    await looksRight(portal.page, 'staff not set up');
  });
