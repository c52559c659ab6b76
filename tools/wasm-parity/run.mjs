// Run the browser's build of the seeded cases. Its `main` answers 0, or which thousand differs.
import { readFile } from "node:fs/promises";

const [modulePath] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(await readFile(modulePath), {});
const differs = instance.exports.main(0, 0);
if (differs !== 0) {
  console.error(`wasm differs from cases.sha256 in thousand ${differs} of 100`);
  process.exit(1);
}
console.log("wasm and native give the same bytes for 100,000 seeded cases");
