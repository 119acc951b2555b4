import { html } from '../vendor/htm-preact.js';
import { segment } from '../app/api.js';
import { usePages } from '../app/hooks.js';
import { Empty, Failure, Head, LongTable, Skeleton, Status, Time } from '../app/ui.js';

const columns = [['Agent'], ['Model', 'wide'], ['Tools', 'wide right'], ['Version', 'wide right'], ['Changed', 'wide'], ['Chat', 'right']];

export default function Agents() {
  const { items, next, more, loading, error, refresh } = usePages('/api/agents', {});
  const row = agent => html`
    <td><a class="main" href=${`#/agents/${segment(agent.id)}`}>${agent.id}</a><span class="main small muted">${agent.description ?? (agent.source === 'configuration' ? `Defined in the configuration (${agent.configuredBy})` : agent.id.includes('~') ? `Shared by ${agent.owner}` : 'Yours')}</span></td>
    <td class="wide wrap">${agent.model}</td><td class="wide right num">${agent.tools.length}</td>
    <td class="wide right num">${agent.version}</td><td class="wide">${agent.source === 'configuration' ? html`<${Status} of="idle" label=${`configuration: ${agent.configuredBy}`} />` : html`<${Time} at=${agent.updatedAt} />`}</td>
    <td class="right"><a href=${`#/chat?agent=${segment(agent.id)}`}>Try<span class="sr"> ${agent.id}</span></a></td>`;
  return html`
    <${Head} title="Agents" actions=${html`<a class="button primary" href="#/agents/new">New agent</a>`}><p>A model, instructions and tools. Yours, those of the configuration, and those shared with you.</p><//>
    <${Failure} error=${error} again=${refresh} />
    ${loading ? html`<${Skeleton} />` : items.length ? html`<${LongTable} label="Agents" columns=${columns} items=${items} row=${row} next=${next} onMore=${more} href=${agent => `/agents/${segment(agent.id)}`} />`
      : !error && html`<div class="card"><${Empty} title="No agents yet"><p>Define one: choose a model, say what it is to do, and give it tools.</p><p><a class="button primary" href="#/agents/new">New agent</a></p><//></div>`}`;
}
