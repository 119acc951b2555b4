// The conformance suite of the Model Context Protocol: `conformance.mjs server --url <address> …`.
// It imports fs.globSync, which Node 20 does not have and checks of servers do not call.
import { register } from 'node:module';

const fs = `data:text/javascript,${encodeURIComponent("export * from 'node:fs'; export const globSync = () => [];")}`;
register(`data:text/javascript,${encodeURIComponent(`
export const resolve = (specifier, context, next) =>
  specifier === 'fs' && context.parentURL?.includes('/conformance/') ? { url: ${JSON.stringify(fs)}, shortCircuit: true } : next(specifier, context);
`)}`);
await import('@modelcontextprotocol/conformance/dist/index.js');
