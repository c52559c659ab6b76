// Customers with as many open bills as a measurement needs, loaded as a biller would.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Each of `customers` owes about 240,000.00 on so many bills. */
const OWED_CENTS = 24_000_000;

const MAP = `
currency = "USD"
dates = "year-month-day"
email = "{customer}@customers.example"

[columns]
customer = "customer"
bill_number = "bill"
issued_on = "issued"
due_on = "due"
amount = "amount"
`;

const day = (at) => new Date(at).toISOString().slice(0, 10);

/** `customers`: { name, bills } of each. They sign in as name@customers.example. */
export function importBills(server, customers) {
  const rows = customers.flatMap(({ name, bills }) =>
    Array.from({ length: bills }, (_, n) => {
      const issued = Date.now() - (n + 1) * 86_400_000;
      const amount = (Math.floor(OWED_CENTS / bills) / 100).toFixed(2);
      return [name, `${name}-${n}`, day(issued), day(issued + 21 * 86_400_000), amount].join();
    }),
  );
  const [file, map] = ['bills.csv', 'map.toml'].map((name) => join(server.folder, name));
  writeFileSync(file, ['customer,bill,issued,due,amount', ...rows, ''].join('\n'));
  writeFileSync(map, MAP);
  server.run('import', file, '--as', map);
}
