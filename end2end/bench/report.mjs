// Tables that read well in a terminal and are Markdown too.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join, relative } from 'node:path';
import { output, theBrowser } from '../browser.mjs';

const said = [];

export function say(text) {
  console.log(text);
  said.push(text);
}

/** Text that was printed already by somebody else. */
export const note = (text) => said.push(text);

export function keepReport() {
  const file = join(output, 'bench.md');
  writeFileSync(file, `${said.join('\n')}\n`);
  return relative(process.cwd(), file);
}

export const load = () => loadavg()[0].toFixed(1);

export async function machine() {
  const git = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' });
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const browser = (await theBrowser()).version();
  return (
    `Commit ${git.stdout?.trim() || 'unknown'}; ${cpus().length} cores of ${cpu.model}, ` +
    `${memory} GiB; Chromium ${browser}, Node ${process.versions.node}. ` +
    `Load average at the start ${load()}: on a busy machine only the ratios mean something.\n`
  );
}

/** The first column reads from the left, figures from the right. */
export function table(head, rows) {
  const lines = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map((_, at) => Math.max(...lines.map((cells) => cells[at].length)));
  const show = (cells) => {
    const padded = cells.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, at) =>
    at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`,
  );
  const [first, ...rest] = lines;
  say([show(first), `|${rule.join('|')}|`, ...rest.map(show), ''].join('\n'));
}

export function median(figures) {
  const sorted = figures.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

export const thousands = (number) => Math.round(number).toLocaleString('en-US');
