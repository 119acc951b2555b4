import { html, useState } from '../vendor/htm-preact.js';
import { get, post, segment, send } from '../app/api.js';
import { isTerminal, money, number } from '../app/format.js';
import { useAction, useLoad, usePages } from '../app/hooks.js';
import { Empty, Facts, Failure, Head, LongTable, Skeleton, Status, Time } from '../app/ui.js';

const columns = [['Batch'], ['Status'], ['Progress', 'wide'], ['Cost', 'right']];
const most = 200;
const sample = `curl -X POST ${location.origin}/api/batches -H 'Content-Type: application/json' \\
  -d '{"agent":"assistant","items":[{"id":"row-1","input":"What is 1+1?"},{"id":"row-2","input":"What is 2+2?"}]}'`;

const Progress = ({ counts }) => html`<div class="parts" role="img" aria-label=${`${counts.completed} completed, ${counts.failed} failed, ${counts.running} running, ${counts.queued} queued`}>
  ${['completed', 'failed', 'cancelled', 'running', 'queued'].map(name => html`<i key=${name} class=${name} style=${{ '--n': counts[name] ?? 0 }}></i>`)}</div>`;

function List() {
  const { items, next, more, loading, error, refresh } = usePages('/api/batches', {}, { every: 4000 });
  const row = item => html`<td><a class="main mono" href=${`#/batches/${segment(item.id)}`}>${item.id}</a><span class="main small muted">${item.agent ?? 'being uploaded'} · <${Time} at=${item.createdAt} /></span></td>
    <td><${Status} of=${item.status} /></td><td class="wide"><${Progress} counts=${item.counts} /><span class="small muted num">${number(item.counts.completed)} of ${number(item.counts.total)}</span></td><td class="right num">${money(item.costUsd)}</td>`;
  return html`<${Head} title="Batches"><p>Thousands of inputs for one agent, as runs that share its limits.</p><//>
    <${Failure} error=${error} again=${refresh} />
    ${loading ? html`<${Skeleton} />` : items.length ? html`<${LongTable} label="Batches" columns=${columns} items=${items} row=${row} next=${next} onMore=${more} href=${item => `/batches/${segment(item.id)}`} />`
      : !error && html`<div class="card"><${Empty} title="No batches yet" command=${sample}><p>Send up to 10,000 inputs at once, as JSON or one a line:</p><//></div>`}`;
}

/** The first lines of a stream of results; the rest is left unread. */
async function readResults(id) {
  const stop = new AbortController(), response = await send('GET', `/api/batches/${segment(id)}/results`, { accept: 'application/x-ndjson', signal: stop.signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(), items = [];
  let rest = '';
  for (let part = await reader.read(); !part.done && items.length < most; part = await reader.read()) {
    const lines = (rest + part.value).split('\n');
    rest = lines.pop();
    items.push(...lines.filter(Boolean).map(line => JSON.parse(line)));
  }
  stop.abort();
  return items.slice(0, most);
}

function One({ id }) {
  const batch = useLoad(() => get(`/api/batches/${segment(id)}`), [id], { every: 3000 });
  const results = useLoad(() => readResults(id), [id, batch.data?.counts.completed, batch.data?.counts.failed]);
  const action = useAction();
  const control = verb => action.run(() => post(`/api/batches/${segment(id)}/${verb}`)).then(batch.again);
  const data = batch.data;
  return html`<${Head} title="Batch" crumb=${['#/batches', 'Batches']} actions=${data && html`
      ${['accepting', 'running'].includes(data.status) && html`<button class="danger" disabled=${action.busy} onClick=${() => control('cancel')}>Cancel</button>`}
      ${data.status === 'completed' && data.counts.failed > 0 && html`<button class="primary" disabled=${action.busy} onClick=${() => control('retry')}>Run failed items again</button>`}`}><p class="small mono">${id}</p><//>
    <${Failure} error=${action.error ?? batch.error} />
    ${!data ? !batch.error && html`<${Skeleton} />` : html`<div class="card"><${Facts} of=${[['Status', html`<${Status} of=${data.status} />`], ['Agent', data.agent], ['Items', number(data.counts.total)], ['Completed', number(data.counts.completed)], ['Failed', number(data.counts.failed)], ['Running', number(data.counts.running)], ['Queued', number(data.counts.queued)], ['Cost', money(data.costUsd)]]} /><br /><${Progress} counts=${data.counts} /></div>`}
    <${Failure} error=${results.error} again=${results.again} />
    ${results.data?.length > 0 && html`<div class="card flush"><div class="scroll" tabindex="0" role="region" aria-label="Results"><table><thead><tr><th scope="col">Item</th><th scope="col">Status</th><th scope="col">Output</th></tr></thead>
      <tbody>${results.data.map(item => html`<tr key=${item.id}><td>${item.runId ? html`<a class="name" href=${`#/runs/${item.runId}`}>${item.id}</a>` : item.id}</td><td><${Status} of=${item.status} /></td><td class="wrap small">${(item.output ?? item.error?.message ?? (isTerminal(item) ? '' : '…')).slice(0, 400)}</td></tr>`)}</tbody></table></div>
      ${results.data.length >= most && html`<p class="more muted small">The first ${most} results. <code>GET /api/batches/${id}/results</code> has all.</p>`}</div>`}`;
}

export default ({ route }) => (route.parts[1] ? html`<${One} id=${route.parts[1]} />` : html`<${List} />`);
