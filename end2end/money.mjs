// What the tests know of money by themselves: sums in minor units, and the oldest-first rule,
// worked out anew so that the portal is not compared with itself.

/** `$1,234.50` → 123450 */
export function cents(text) {
  const digits = text.match(/\d[\d,]*(\.\d{2})?/)[0].replaceAll(',', '');
  return Math.round(Number(digits) * 100);
}

/** 123450 → `$1,234.50` */
export function dollars(amount) {
  const whole = Math.floor(amount / 100).toLocaleString('en-US');
  return `$${whole}.${String(amount % 100).padStart(2, '0')}`;
}

/** 123450 → `1234.50`, as somebody types it */
export const typed = (amount) => (amount / 100).toFixed(2);

/** What each bill gets of the amount, the bills being in the order of payment. */
export function oldestFirst(bills, amount) {
  let rest = amount;
  return bills.map(({ left }) => {
    const gets = Math.min(left, rest);
    rest -= gets;
    return gets;
  });
}

export const sum = (amounts) => amounts.reduce((total, amount) => total + amount, 0);
