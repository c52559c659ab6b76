// Plays the gateway's script: what its documentation promises of the calls we make, and no more.
// Fields and the bank's question stand in frames of the gateway's own, as in earnest.
window.Stripe = function Stripe(key) {
  if (!/^pk_(test|live)_/.test(key)) throw new Error('IntegrationError: not a publishable key');
  return {
    elements: (options) => new Elements(key, options),
    confirmPayment: (options) => confirmPayment(options),
  };
};

const FRAMES = 'https://js.stripe.com';

class Elements {
  constructor(key, { mode, amount, currency, appearance }) {
    if (mode !== 'payment') throw new Error(`IntegrationError: mode ${mode}`);
    if (!/^[a-z]{3}$/.test(currency)) throw new Error(`IntegrationError: currency ${currency}`);
    Object.assign(this, { key, currency, appearance, checked: false });
    this.update({ amount });
    // In earnest too something is asked of the gateway from the page itself.
    this.ready = fetch(`https://api.stripe.com/v1/elements/sessions?key=${key}`);
  }

  update({ amount }) {
    if (!Number.isInteger(amount) || amount < 1) throw new Error('IntegrationError: amount');
    this.amount = amount;
    this.checked = false;
  }

  create(kind) {
    if (kind !== 'payment' || this.element) throw new Error('IntegrationError: create');
    this.element = new Element(this);
    return this.element;
  }

  async submit() {
    const { error } = await this.element.ask({ ask: 'check' });
    this.checked = !error;
    return error ? { error } : { selectedPaymentMethod: 'card' };
  }
}

class Element {
  constructor(elements) {
    this.elements = elements;
  }

  mount(at) {
    const place = document.querySelector(at);
    if (!place) throw new Error(`IntegrationError: nothing at ${at}`);
    const { theme } = this.elements.appearance;
    this.frame = document.createElement('iframe');
    this.frame.src = `${FRAMES}/endive/fields.html?theme=${theme}`;
    this.frame.title = 'Secure payment input frame';
    Object.assign(this.frame.style, { width: '100%', height: '13rem', border: '0' });
    this.loaded = new Promise((done) => this.frame.addEventListener('load', done));
    place.append(this.frame);
  }

  async ask(question) {
    await this.loaded;
    return ask(this.frame, question);
  }

  destroy() {
    this.frame?.remove();
  }
}

function ask(frame, question) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((answered) => {
    port1.onmessage = ({ data }) => answered(data);
    frame.contentWindow.postMessage(question, '*', [port2]);
  });
}

async function confirmPayment({ elements, clientSecret, confirmParams, redirect }) {
  if (!elements.checked) throw new Error('IntegrationError: elements.submit() comes first');
  if (!confirmParams.return_url.startsWith('http')) throw new Error('IntegrationError: return_url');
  const { key, amount, currency } = elements;
  const question = { ask: 'confirm', key, clientSecret, amount, currency };
  const answer = await elements.element.ask({ ...question, returnUrl: confirmParams.return_url });
  if (answer.redirectTo) {
    location.assign(answer.redirectTo);
    return new Promise(() => {});
  }
  if (answer.bankAsks) return bankAsks(answer.bankAsks);
  if (!answer.error && redirect !== 'if_required') location.assign(confirmParams.return_url);
  return answer;
}

/** The bank's question, over the page, until it is answered. */
async function bankAsks(address) {
  const frame = document.createElement('iframe');
  frame.src = address;
  frame.title = 'Secure 3D Secure frame';
  Object.assign(frame.style, {
    position: 'fixed', inset: '0', width: '100%', height: '100%', border: '0', background: '#0006',
  });
  const loaded = new Promise((done) => frame.addEventListener('load', done));
  document.body.append(frame);
  await loaded;
  const answer = await ask(frame, { ask: 'authenticate' });
  frame.remove();
  return answer;
}
