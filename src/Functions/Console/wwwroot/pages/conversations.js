import { html, useState } from '../vendor/htm-preact.js';
import { get, remove, segment } from '../app/api.js';
import { number, pretty } from '../app/format.js';
import { go, useAction, useLoad, usePages } from '../app/hooks.js';
import { Confirm, Empty, Failure, Head, LongTable, Skeleton, Status, Time } from '../app/ui.js';

const columns = [['Conversation'], ['Runs', 'wide right'], ['Messages', 'right'], ['Last active']];

function List() {
  const { items, next, more, loading, error, refresh } = usePages('/api/conversations', {});
  const row = item => html`<td><a class="main" href=${`#/conversations/${segment(item.id)}`}>${item.id}</a><span class="main small muted">${item.agent}</span></td>
    <td class="wide right num">${number(item.runs)}</td><td class="right num">${number(item.messages)}</td><td>${item.activeRunId ? html`<${Status} of="running" />` : html`<${Time} at=${item.updatedAt} />`}</td>`;
  return html`<${Head} title="Conversations"><p>What was said between people and agents, last active first.</p><//>
    <${Failure} error=${error} again=${refresh} />
    ${loading ? html`<${Skeleton} />` : items.length ? html`<${LongTable} label="Conversations" columns=${columns} items=${items} row=${row} next=${next} onMore=${more} href=${item => `/conversations/${segment(item.id)}`} />`
      : !error && html`<div class="card"><${Empty} title="No conversations yet"><p>Runs with the same <code>conversationId</code> continue one another. The chat begins one for you.</p><p><a class="button primary" href="#/chat">Open the chat</a></p><//></div>`}`;
}

function One({ id }) {
  const talk = useLoad(() => get(`/api/conversations/${segment(id)}`), [id], { every: 5000 });
  const { items, next, more, loading, error } = usePages(`/api/conversations/${segment(id)}/messages`, {});
  const [asked, setAsked] = useState(false);
  const action = useAction();
  const erase = async () => { if (await action.run(() => remove(`/api/conversations/${segment(id)}`))) go('/conversations'); };
  return html`<${Head} title=${id} crumb=${['#/conversations', 'Conversations']} actions=${html`
      ${talk.data && html`<a class="button primary" href=${`#/chat?agent=${segment(talk.data.agent)}&conversation=${segment(id)}`}>Continue</a>`}<a class="button" href=${`#/runs?conversationId=${segment(id)}`}>Runs</a><button class="danger" onClick=${() => setAsked(true)}>Delete</button>`}>
      ${talk.data && html`<p class="small">${talk.data.agent} · ${number(talk.data.runs)} runs · ${number(talk.data.messages)} messages ${talk.data.activeRunId && html`· <a href=${`#/runs/${talk.data.activeRunId}`}>a run goes on</a>`}</p>`}<//>
    <${Failure} error=${talk.error ?? error} />
    <div class="card"><div class="talk">${loading ? html`<${Skeleton} />` : items.map(message => html`<div key=${message.id} class=${`say ${message.role}`}>
      ${message.content && html`<div class="text">${message.role === 'tool' ? html`<span class="muted">Result: </span>` : ''}${message.content}</div>`}
      ${(message.toolCalls ?? []).map(call => html`<div class="call" key=${call.callId}>→ ${call.name} ${pretty(call.arguments)}</div>`)}
      <div class="meta">${message.role} · <${Time} at=${message.createdAt} /> · <a href=${`#/runs/${message.runId}`}>run</a></div></div>`)}</div>
      ${next && html`<div class="more"><button onClick=${more}>Later messages</button></div>`}</div>
    ${asked && html`<${Confirm} title="Delete this conversation?" action="Delete" danger busy=${action.busy} onYes=${erase} onNo=${() => setAsked(false)}><p>Its runs and all that was said are deleted with it.</p><${Failure} error=${action.error} /><//>`}`;
}

export default ({ route }) => (route.parts[1] ? html`<${One} id=${route.parts[1]} />` : html`<${List} />`);
