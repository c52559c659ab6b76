// node end2end/bench.mjs [GROUP…]: measures, prints tables, and keeps them in output/bench.md.
// Nothing here passes or fails by a time; what cannot be measured says why.
// Groups: weight, server, throughput, typing, lighthouse; all of them unless some are named.
import { closeBrowser } from './browser.mjs';
import { lighthouse } from './bench/lighthouse.mjs';
import { keepReport, machine, say } from './bench/report.mjs';
import { server } from './bench/server.mjs';
import { throughput } from './bench/throughput.mjs';
import { typing } from './bench/typing.mjs';
import { weight } from './bench/weight.mjs';

const groups = { weight, server, throughput, typing, lighthouse };
const named = process.argv.slice(2);
const unknown = named.find((name) => !(name in groups));
if (unknown) throw new Error(`${unknown} is none of ${Object.keys(groups).join(', ')}`);
const wanted = Object.keys(groups).filter((name) => named.length === 0 || named.includes(name));

say(`# Measured on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC\n`);
say(await machine());
let failed = false;
for (const name of wanted) {
  say(`## ${name[0].toUpperCase()}${name.slice(1)}\n`);
  try {
    await groups[name]();
  } catch (error) {
    failed = true;
    say(`NOT MEASURED: ${error.stack}\n`);
  }
}
await closeBrowser();
say(`Kept in ${keepReport()}`);
process.exitCode = failed ? 1 : 0;
