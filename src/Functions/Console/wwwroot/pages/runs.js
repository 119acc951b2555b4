import { html, useState } from '../vendor/htm-preact.js';
import { segment } from '../app/api.js';
import { between, isTerminal, money, tokens } from '../app/format.js';
import { go, usePages } from '../app/hooks.js';
import { Empty, Failure, Field, Head, LongTable, Skeleton, Status, Time } from '../app/ui.js';

const statuses = ['queued', 'running', 'waiting', 'suspended', 'completed', 'failed', 'cancelled', 'expired'];
const fields = 'id,agent,status,stopReason,usage,turns,createdAt,startedAt,completedAt,parent,forkedFrom,conversationId';
const columns = [['Run'], ['Status'], ['Started', 'wide'], ['Duration', 'wide right'], ['Tokens', 'wide right'], ['Cost', 'right']];

const sample = `curl -X POST ${location.origin}/api/agents/assistant/runs \\
  -H 'Content-Type: application/json' -d '{"input":"What is 17*23?"}'`;

export default function Runs({ route }) {
  const [filter, setFilter] = useState({ status: route.query.status, agent: route.query.agent, conversationId: route.query.conversationId, since: '' });
  const [picked, setPicked] = useState([]);
  const { items, next, more, loading, error, refresh } = usePages('/api/runs', { ...filter, fields }, { every: 3000 });
  const set = name => event => setFilter({ ...filter, [name]: event.target.value });
  const isFiltered = Object.values(filter).some(Boolean);
  const pick = id => setPicked(before => (before.includes(id) ? before.filter(other => other !== id) : [...before.slice(-1), id]));
  const row = run => html`
    <td><div class="bar"><input type="checkbox" class="wide" aria-label=${`Compare ${run.id}`} checked=${picked.includes(run.id)} onClick=${event => { event.stopPropagation(); pick(run.id); }} />
      <div class="grow"><a class="main" href=${`#/runs/${run.id}`}>${run.agent}</a>
      <span class="main small muted mono">${run.id}${run.parent ? ' · called by a run' : run.forkedFrom ? ' · fork' : ''}</span></div></div></td>
    <td><${Status} of=${run.status} />${run.stopReason && !['completed', 'cancelled'].includes(run.stopReason) && html`<div class="small muted wide">${run.stopReason.replaceAll('_', ' ')}</div>`}</td>
    <td class="wide"><${Time} at=${run.createdAt} /></td>
    <td class="wide right num">${between(run.startedAt, run.completedAt ?? (isTerminal(run) ? run.startedAt : undefined))}</td>
    <td class="wide right num">${tokens(run.usage)}</td><td class="right num">${money(run.usage.costUsd)}</td>`;
  return html`
    <${Head} title="Runs" actions=${html`
      ${picked.length > 0 && html`<button disabled=${picked.length < 2} onClick=${() => go(`/compare?a=${segment(picked[0])}&b=${segment(picked[1])}`)}>Compare ${picked.length} of 2</button>`}
      <a class="button primary" href="#/chat">New run</a>`}><p>Each request to an agent, newest first. The list renews itself.</p><//>
    <form class="filters" onSubmit=${event => event.preventDefault()} role="search" aria-label="Filter runs">
      <${Field} id="f-status" label="Status"><select id="f-status" value=${filter.status ?? ''} onChange=${set('status')}><option value="">Any</option>${statuses.map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select><//>
      <${Field} id="f-agent" label="Agent"><input id="f-agent" placeholder="Any" value=${filter.agent ?? ''} onChange=${set('agent')} /><//>
      <${Field} id="f-conversation" label="Conversation"><input id="f-conversation" placeholder="Any" value=${filter.conversationId ?? ''} onChange=${set('conversationId')} /><//>
      <${Field} id="f-since" label="Since"><input id="f-since" type="date" value=${filter.since} onChange=${set('since')} /><//>
    </form>
    <${Failure} error=${error} again=${refresh} />
    ${loading && !items.length ? html`<${Skeleton} lines=${8} />`
      : items.length ? html`<${LongTable} label="Runs" columns=${columns} items=${items} row=${row} next=${next} onMore=${more} href=${run => `/runs/${run.id}`} />`
      : !error && html`<div class="card"><${Empty} title=${isFiltered ? 'No run fits this filter' : 'No runs yet'} command=${isFiltered ? undefined : sample}>
        <p>${isFiltered ? 'Choose another status, or empty the fields.' : 'A run is one request to an agent: model calls, tool calls and their cost, step by step. Start one in the chat, or by the API:'}</p>
        ${!isFiltered && html`<p><a class="button primary" href="#/chat">Open the chat</a></p>`}<//></div>`}`;
}
