// Parses Prometheus queries. In: { name: text } on stdin. Out: { name: { "errors": [ … ], "metrics": [ … ], "labels": [ … ] } } on stdout.
import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';

const output = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  const found = { errors: [], metrics: [], labels: [] };
  parser.parse(text).iterate({
    enter: (node) => {
      const part = text.slice(node.from, node.to);
      if (node.type.isError) {
        found.errors.push(`${node.from}: unexpected '${part}'`);
      } else if (node.name === 'VectorSelector') {
        found.metrics.push(/^[A-Za-z_:][A-Za-z0-9_:]*/.exec(part)?.[0] ?? '');
      } else if (node.name === 'LabelName') {
        found.labels.push(part);
      }
    },
  });
  output[name] = found;
}

process.stdout.write(JSON.stringify(output));
