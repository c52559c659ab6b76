// Payments and requests per second: a program of its own, as it must not be the bottleneck.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { binary } from '../server.mjs';
import { note } from './report.mjs';

export async function throughput() {
  const program = spawn(join(dirname(binary), 'throughput'), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  program.stdout.setEncoding('utf8');
  program.stdout.on('data', (text) => {
    process.stdout.write(text);
    printed += text;
  });
  const code = await new Promise((done, failed) => {
    program.on('error', failed);
    program.on('close', done);
  });
  note(printed);
  if (code !== 0) throw new Error(`throughput ended with ${code}`);
}
