// The gateway with keys, as far as it can stand on one machine: localstripe, written by others,
// answers the server, and this plays what the payer's browser gets from the gateway. Nothing of
// ours stands between the two: the browser's part goes to localstripe too.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const PEER = process.env.PAYDOWN_TEST_LOCALSTRIPE;
const FORM = 'application/x-www-form-urlencoded';
/** What localstripe refuses as unexpected; kept with server/tests/differences/localstripe.toml. */
const LEFT_OUT = {
  POST: ['automatic_payment_methods', 'description'],
  GET: ['created', 'types'],
};

const NOTHING = { object: 'list', data: [], has_more: false, url: '/v1/checkout/sessions' };

const file = (name) => readFileSync(join(import.meta.dirname, name), 'utf8');
const random = () => randomBytes(12).toString('hex');

export class Gateway {
  secretKey = `sk_test_${random()}`;
  publishableKey = `pk_test_${random()}`;
  webhookSecret = `whsec_${random()}`;
  #intents = new Set();
  #answers = new Map();
  #portal;

  static async start() {
    if (!PEER) throw new Error('Start the peers: tools/with-peers.sh node end2end/run.mjs');
    const gateway = new Gateway();
    gateway.server = createServer((request, response) => gateway.#serve(request, response));
    await new Promise((listens) => gateway.server.listen(0, '127.0.0.1', listens));
    gateway.url = `http://127.0.0.1:${gateway.server.address().port}`;
    const hook = { url: `${gateway.url}/news`, secret: gateway.webhookSecret };
    await fetch(`${PEER}/_config/webhooks/${random()}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(hook),
    });
    return gateway;
  }

  /** What a portal at this address is to be told of us. */
  settings(portal) {
    this.#portal = portal;
    return {
      PAYDOWN_DEMO: 'false',
      PAYDOWN_STRIPE__API_URL: `${this.url}/`,
      PAYDOWN_STRIPE__SECRET_KEY: this.secretKey,
      PAYDOWN_STRIPE__PUBLISHABLE_KEY: this.publishableKey,
      PAYDOWN_STRIPE__WEBHOOK_SECRET: this.webhookSecret,
    };
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  // The server's part

  async #serve(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const { status, text } = request.url === '/news'
      ? await this.#passNews(request, body)
      : await this.#answer(request, body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }

  async #answer({ method, url, headers }, body) {
    const key = headers['idempotency-key'];
    const known = key && this.#answers.get(key);
    if (known) return known;
    const { pathname, searchParams } = new URL(url, this.url);
    // It knows no Checkout, and so nothing that was paid by it.
    if (pathname === '/v1/checkout/sessions') return { status: 200, text: JSON.stringify(NOTHING) };
    const isList = method === 'GET' && pathname.split('/').length === 3;
    const left = method === 'POST' || isList ? LEFT_OUT[method] : [];
    const query = without(searchParams, left);
    const { status, answer } = await ask(this.secretKey, method, `${pathname}?${query}`,
      method === 'POST' ? without(new URLSearchParams(body), left) : undefined);
    if (answer.object === 'payment_intent') await this.#complete(answer);
    // It tells everybody everything; a portal hears of its own.
    if (pathname === '/v1/events') answer.data = answer.data.filter((event) => this.#isOurs(event));
    const told = { status, text: JSON.stringify(answer) };
    if (key) this.#answers.set(key, told);
    return told;
  }

  /** Adds what localstripe's intents lack and the gateway's have. */
  async #complete(intent) {
    this.#intents.add(intent.id);
    intent.amount_received = intent.status === 'succeeded' ? intent.amount : 0;
    const charge = intent.latest_charge;
    if (!charge?.id || charge.payment_method_details) return;
    const { answer } = await ask(this.secretKey, 'GET',
      `/v1/payment_methods/${intent.payment_method}`);
    const { type, card } = answer;
    charge.payment_method_details = { type, [type]: { brand: card?.brand, last4: card?.last4 } };
  }

  #isOurs = (event) => this.#intents.has(event.data.object.id);

  async #passNews({ headers }, body) {
    if (this.#isOurs(JSON.parse(body))) {
      await fetch(`${this.#portal}/webhooks/stripe`, {
        method: 'POST',
        headers: {
          'content-type': headers['content-type'],
          'stripe-signature': headers['stripe-signature'],
        },
        body,
      }).catch(() => {});
    }
    return { status: 200, text: '{}' };
  }

  // The browser's part

  /** Lets the browser find the gateway's addresses, which lead nowhere from here. */
  async admit(context) {
    const html = (name) => (route) =>
      route.fulfill({ contentType: 'text/html', body: file(name) });
    await context.route('https://js.stripe.com/endive/stripe.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: file('stripe.js') }));
    await context.route('https://js.stripe.com/endive/fields.html*', html('fields.html'));
    await context.route('https://hooks.stripe.com/*', html('bank.html'));
    await context.route('https://api.stripe.com/**', async (route) => {
      const request = route.request();
      const what = new URL(request.url()).pathname;
      const told = await this.#browserAsks(what, request.postDataJSON());
      const headers = { 'access-control-allow-origin': '*' };
      await route.fulfill({ headers, contentType: 'application/json', body: JSON.stringify(told) });
    });
  }

  async #browserAsks(what, question) {
    if (what === '/v1/confirm') return this.#confirm(question);
    if (what === '/v1/authenticate') return this.#authenticate(question);
    return {};
  }

  async #confirm({ key, clientSecret, amount, currency, returnUrl, method, card }) {
    const [id] = clientSecret.split('_secret_');
    const path = `/v1/payment_intents/${id}`;
    const { answer: intent } = await ask(this.secretKey, 'GET', path);
    if (key !== this.publishableKey || intent.client_secret !== clientSecret) {
      return failed('This payment is not yours.');
    }
    if (intent.amount !== amount || intent.currency !== currency) {
      return failed('The amount shown is not the amount of the payment.');
    }
    // The bank's own page comes with a card that must be proven: localstripe has no other.
    const number = method === 'bank' ? '4000002500003155' : card.number;
    const [month, year] = (method === 'bank' ? '12/34' : card.expiry).split('/');
    const made = await ask(this.secretKey, 'POST', '/v1/payment_methods', new URLSearchParams({
      type: 'card',
      'card[number]': number,
      'card[exp_month]': month,
      'card[exp_year]': `20${year}`,
      'card[cvc]': card.cvc || '123',
    }));
    const chosen = new URLSearchParams({ payment_method: made.answer.id });
    await ask(this.secretKey, 'POST', path, chosen);
    const { answer } = await ask(this.secretKey, 'POST', `${path}/confirm`, new URLSearchParams());
    if (answer.status !== 'requires_action') return outcome(answer);
    const bank = new URL('https://hooks.stripe.com/authenticate');
    bank.search = new URLSearchParams({ intent: id, secret: clientSecret, back: returnUrl });
    return method === 'bank' ? { redirectTo: bank.href } : { bankAsks: bank.href };
  }

  async #authenticate({ intent, clientSecret, proven }) {
    const form = new URLSearchParams({ client_secret: clientSecret, success: proven });
    const path = `/v1/payment_intents/${intent}/_authenticate`;
    return outcome((await ask(this.secretKey, 'POST', path, form)).answer);
  }
}

const failed = (message) => ({ error: { type: 'card_error', message } });

function outcome(intent) {
  const error = intent.error ?? intent.last_payment_error;
  return error ? { error } : { paymentIntent: { id: intent.id, status: intent.status } };
}

function without(pairs, names) {
  const kept = [...pairs].filter(([name]) =>
    !names.some((left) => name === left || name.startsWith(`${left}[`)));
  return new URLSearchParams(kept);
}

async function ask(key, method, path, form) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': FORM };
  const answer = await fetch(PEER + path, { method, headers, body: form?.toString() });
  return { status: answer.status, answer: await answer.json() };
}
