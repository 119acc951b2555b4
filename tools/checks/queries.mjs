// Parses and binds Log Analytics queries. In: { "tables": { name: "column: type, …" }, "queries": { name: text } } on stdin.
// Out: { name: { "errors": [ … ], "columns": { name: type } } } on stdout.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { runInThisContext } from 'node:vm';

// The package is a script for browsers: it defines globals.
const folder = dirname(createRequire(import.meta.url).resolve('@kusto/language-service-next/package.json'));
for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) {
  runInThisContext(readFileSync(join(folder, file), 'utf8'), { filename: file });
}

const { KustoCode, GlobalState, Symbols, DiagnosticSeverity } = globalThis.Kusto.Language;
const input = JSON.parse(await text(process.stdin));
const tables = Object.entries(input.tables).map(([name, schema]) => new Symbols.TableSymbol.$ctor7(name, `(${schema})`, ''));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', tables));

const output = {};
for (const [name, query] of Object.entries(input.queries)) {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const diagnostics = code.GetDiagnostics();
  const errors = [];
  for (let index = 0; index < diagnostics.Count; index++) {
    const diagnostic = diagnostics.getItem(index);
    if (diagnostic.Severity !== DiagnosticSeverity.Suggestion) {
      errors.push(`${diagnostic.Start}: ${diagnostic.Message}`);
    }
  }

  const columns = {};
  const result = code.ResultType;
  if (result?.Columns) {
    for (let index = 0; index < result.Columns.Count; index++) {
      const column = result.Columns.getItem(index);
      columns[column.Name] = column.Type.Name;
    }
  }

  output[name] = { errors, columns };
}

process.stdout.write(JSON.stringify(output));
