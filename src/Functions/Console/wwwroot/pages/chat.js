import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { get, segment, send } from '../app/api.js';
import { ApprovalCard } from '../app/approval.js';
import { follow } from '../app/events.js';
import { duration, money, pretty, tokens } from '../app/format.js';
import { useLoad } from '../app/hooks.js';
import { Empty, Failure, Field, Head, Skeleton } from '../app/ui.js';

const newId = () => `chat-${Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(16).padStart(2, '0')).join('')}`;

export default function Chat({ route }) {
  const agents = useLoad(() => get('/api/agents?limit=100'), []);
  const [agent, setAgent] = useState(route.query.agent);
  const [conversation, setConversation] = useState(route.query.conversation ?? newId());
  const [said, setSaid] = useState([]);
  const [text, setText] = useState('');
  const [state, setState] = useState({});
  const stop = useRef();
  const end = useRef();
  const chosen = agent ?? agents.data?.items[0]?.id;

  useEffect(() => {
    if (!route.query.conversation) return;
    get(`/api/conversations/${segment(route.query.conversation)}/messages?limit=100`).then(
      page => setSaid(page.items.flatMap(message => [
        ...(message.content && message.role !== 'tool' ? [{ role: message.role, text: message.content, runId: message.runId }] : []),
        ...(message.toolCalls ?? []).map(call => ({ role: 'call', text: `${call.name} ${pretty(call.arguments)}` })),
      ])),
      error => { if (error.status !== 404) setState({ error }); });
  }, []);
  useEffect(() => () => stop.current?.abort(), []);
  useEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [said]);

  const last = change => setSaid(list => [...list.slice(0, -1), change(list.at(-1))]);
  const answer = part => last(item => ({ ...item, ...part }));

  function tell(type, data) {
    if (type === 'run.started') { setState(before => ({ ...before, runId: data.id })); answer({ runId: data.id }); }
    else if (type === 'model.delta') last(item => ({ ...item, text: item.text + data.text }));
    else if (type === 'model.restarted') answer({ text: '' });
    else if (type === 'model.completed') {
      setSaid(list => [...list.slice(0, -1), ...(data.toolCalls.length && data.text ? [{ role: 'assistant', text: data.text }] : []),
        ...data.toolCalls.map(call => ({ role: 'call', text: `${call.name} ${pretty(call.arguments)}` })), { ...list.at(-1), text: data.toolCalls.length ? '' : data.text }]);
    } else if (type === 'approval.required') answer({ approval: data });
    else if (type === 'approval.decided') answer({ approval: undefined });
    else if (/^run\.(completed|failed|cancelled|expired)$/.test(type)) {
      answer({ busy: false, approval: undefined, text: data.output ?? '', problem: data.error?.message ?? (type === 'run.completed' ? undefined : `The run ${data.status}.`),
        note: `${duration(new Date(data.completedAt) - new Date(data.startedAt ?? data.createdAt))} · ${tokens(data.usage)} tokens · ${money(data.usage.costUsd)}` });
    }
  }

  async function ask(event) {
    event?.preventDefault();
    const input = text.trim();
    if (!input || state.busy || !chosen) return;
    stop.current = new AbortController();
    setText('');
    setState({ busy: true });
    setSaid(list => [...list, { role: 'user', text: input }, { role: 'assistant', text: '', busy: true }]);
    // One key for all attempts: a request that was lost on the way is repeated, its run is not.
    const key = newId();
    try {
      await follow({
        signal: stop.current.signal,
        start: signal => send('POST', `/api/agents/${segment(chosen)}/runs`, {
          accept: 'text/event-stream', signal, headers: { 'Idempotency-Key': key }, body: { input, conversationId: conversation, stream: true },
        }),
        onEvent: tell,
        onConnection: connected => setState(before => ({ ...before, lost: !connected })),
      });
      setState({});
    } catch (error) {
      setSaid(list => list.slice(0, -2));
      setText(input);
      setState({ error });
    }
  }

  const cancel = () => state.runId && send('POST', `/api/runs/${segment(state.runId)}/cancel`).catch(error => setState(before => ({ ...before, error })));
  const begin = () => { stop.current?.abort(); setConversation(newId()); setSaid([]); setState({}); };
  const onKey = event => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) ask(event); };

  return html`
    <${Head} title="Chat" actions=${html`<button onClick=${begin}>New conversation</button>`}><p>Talk to any agent. Each message is a durable run in one conversation.</p><//>
    <${Failure} error=${agents.error} again=${agents.again} />
    <div class="filters"><${Field} id="chat-agent" label="Agent">${agents.loading ? html`<${Skeleton} lines=${1} />` : html`
      <select id="chat-agent" value=${chosen} onChange=${event => { setAgent(event.target.value); begin(); }}>${[...new Set([...(agents.data?.items ?? []).map(item => item.id), ...(chosen ? [chosen] : [])])].map(id => html`<option key=${id} value=${id}>${id}</option>`)}</select>`}<//></div>
    <${Failure} error=${state.error} />
    <div aria-live="polite">${state.lost && html`<div class="notice warn">The connection was lost. The answer continues by itself.</div>`}</div>
    <div class="card flush chat">
      <div class="talk" role="log" aria-label="Conversation" tabindex="0">
        ${!said.length && html`<${Empty} title=${`Ask ${chosen ?? 'an agent'} something`}><p>The demo model needs no key. Try “What is 17*23, and what time is it in Oslo?”, and look at its run then.</p><//>`}
        ${said.map((item, index) => item.role === 'call' ? html`<div class="call" key=${index}>→ ${item.text}</div>` : html`<div key=${index} class=${`say ${item.role}`}>
          <div class=${`text ${item.busy ? 'caret' : ''}`}>${item.text}${item.busy && !item.text && html`<span class="muted">${item.approval ? 'waits for approval' : 'thinking'} </span>`}</div>
          ${item.problem && html`<div class="notice bad">${item.problem}</div>`}
          ${item.approval && html`<${ApprovalCard} runId=${item.runId} call=${item.approval} />`}
          ${item.runId && html`<div class="meta">${item.note && `${item.note} · `}<a href=${`#/runs/${item.runId}`}>see the run</a></div>`}
        </div>`)}
        <div ref=${end}></div>
      </div>
      <form class="ask" onSubmit=${ask}>
        <label class="sr" for="chat-text">Message</label>
        <textarea id="chat-text" rows="2" placeholder="Message. Enter sends, Shift+Enter is a new line." value=${text} onInput=${event => setText(event.target.value)} onKeyDown=${onKey}></textarea>
        ${state.busy ? html`<button type="button" class="danger" onClick=${cancel}>Stop</button>` : html`<button class="primary" disabled=${!text.trim() || !chosen}>Send</button>`}
      </form>
    </div>`;
}
