// Parses Prometheus queries. In: { name: text } on stdin. Out: { name: { "errors": [ … ], "metrics": [ … ], "labels": [ … ] } } on stdout.
import { text } from 'node:stream/consumers';
import { parser } from '@prometheus-io/lezer-promql';

const output = {};
for (const [name, query] of Object.entries(JSON.parse(await text(process.stdin)))) {
  const found = { errors: [], metrics: [], labels: [] };
  parser.parse(query).iterate({
    enter: (node) => {
      const part = query.slice(node.from, node.to);
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
