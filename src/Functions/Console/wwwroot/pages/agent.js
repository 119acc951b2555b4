import { html, useEffect, useState } from '../vendor/htm-preact.js';
import { get, put, remove, segment, send } from '../app/api.js';
import { fullTime } from '../app/format.js';
import { go, useAction, useLoad } from '../app/hooks.js';
import { Confirm, Failure, Field, Head, Skeleton } from '../app/ui.js';

const blank = { model: 'demo:assistant', fallbacks: [], tools: [], approvals: [], approvers: [], redaction: 'off' };
const readOnly = ['id', 'version', 'owner', 'source', 'configuredBy', 'createdAt', 'updatedAt'];
const lines = text => text.split('\n').map(line => line.trim()).filter(Boolean);

export default function AgentPage({ route }) {
  const isNew = route.parts[1] === 'new';
  const [id, setId] = useState(isNew ? '' : route.parts[1]);
  const [agent, setAgent] = useState(isNew ? blank : undefined);
  const [tag, setTag] = useState();
  const [failure, setFailure] = useState();
  const [said, setSaid] = useState();
  const [asked, setAsked] = useState(false);
  const tools = useLoad(() => get('/api/tools?limit=100'), []);
  const action = useAction();
  const load = async () => {
    try {
      const response = await send('GET', `/api/agents/${segment(id)}`);
      setTag(response.headers.get('ETag'));
      setAgent(await response.json());
      setFailure(undefined);
    } catch (error) { setFailure(error); }
  };
  useEffect(() => { if (!isNew) load(); }, []);
  const crumb = ['#/agents', 'Agents'];
  if (!agent) return html`<${Head} title=${id} crumb=${crumb} />${failure ? html`<${Failure} error=${failure} again=${load} />` : html`<${Skeleton} lines=${8} />`}`;

  const isFixed = agent.source === 'configuration' || id.includes('~');
  const set = part => { setAgent({ ...agent, ...part }); setSaid(undefined); };
  const text = name => event => set({ [name]: event.target.value || undefined });
  const numeric = name => event => set({ [name]: event.target.value === '' ? undefined : Number(event.target.value) });
  const toggle = (name, tool) => set({ [name]: agent[name].includes(tool) ? agent[name].filter(other => other !== tool) : [...agent[name], tool] });
  const offered = [...new Set([...(tools.data?.items ?? []).map(tool => tool.name), ...agent.tools])];

  async function save(event) {
    event.preventDefault();
    const body = Object.fromEntries(Object.entries(agent).filter(([name, value]) => !readOnly.includes(name) && value !== undefined && value !== null));
    const done = await action.run(() => send('PUT', `/api/agents/${segment(id)}`, { body, headers: isNew ? { 'If-None-Match': '*' } : tag ? { 'If-Match': tag } : {} }));
    if (!done) return;
    if (isNew) { go(`/agents/${segment(id)}`); return; }
    setTag(done.headers.get('ETag'));
    const saved = await done.json();
    setAgent(saved);
    setSaid(`Saved as version ${saved.version}. Runs that go on keep the version they began with.`);
  }
  const erase = async () => { if (await action.run(() => remove(`/api/agents/${segment(id)}`))) go('/agents'); };

  return html`
    <${Head} title=${isNew ? 'New agent' : id} crumb=${crumb} actions=${!isNew && html`<a class="button" href=${`#/runs?agent=${segment(id)}`}>Runs</a><a class="button" href=${`#/chat?agent=${segment(id)}`}>Try it</a>
      ${!isFixed && html`<button class="danger" onClick=${() => setAsked(true)}>Delete</button>`}`}>
      ${!isNew && html`<p class="small">Version ${agent.version}, changed ${fullTime(agent.updatedAt)}</p>`}<//>
    ${isFixed && html`<div class="notice">This agent is ${agent.source === 'configuration' ? `defined in the app’s configuration (${agent.configuredBy})` : 'shared with you'}. You can run it, and not change it.</div>`}
    <div aria-live="polite">${said && html`<div class="notice good">${said}</div>`}</div>
    <${Failure} error=${action.error} again=${action.error?.status === 412 ? load : undefined} />
    <form onSubmit=${save}><fieldset disabled=${isFixed || action.busy} style=${{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <div class="two">
        <div class="card"><h2>What it is</h2>
          ${isNew && html`<${Field} id="a-id" label="Id" hint="Letters, digits, - and _; at most 64."><input id="a-id" required pattern="[A-Za-z0-9][A-Za-z0-9_\\-]{0,63}" value=${id} onInput=${event => setId(event.target.value)} /><//>`}
          <${Field} id="a-model" label="Model" hint="provider:model, such as openai:gpt-4.1 or demo:assistant."><input id="a-model" required value=${agent.model} onInput=${text('model')} /><//>
          <${Field} id="a-fallbacks" label="Fallbacks" hint="One model a line, tried in order."><textarea id="a-fallbacks" rows="2" value=${agent.fallbacks.join('\n')} onChange=${event => set({ fallbacks: lines(event.target.value) })}></textarea><//>
          <${Field} id="a-description" label="Description"><input id="a-description" value=${agent.description ?? ''} onInput=${text('description')} /><//>
          <${Field} id="a-instructions" label="Instructions"><textarea id="a-instructions" rows="9" value=${agent.instructions ?? ''} onInput=${text('instructions')}></textarea><//></div>
        <div><div class="card"><h2>What it may do</h2>
          <${Failure} error=${tools.error} again=${tools.again} />
          ${['tools', 'approvals'].map(name => html`<div class="field" key=${name} role="group" aria-labelledby=${`a-${name}`}><div class="label" id=${`a-${name}`}>${name === 'tools' ? 'Tools' : 'Calls that wait for a person'}</div>
            <div class="checks" tabindex="0">${(name === 'tools' ? offered : agent.tools).map(tool => html`<label class="check" key=${tool}><input type="checkbox" checked=${agent[name].includes(tool)} onChange=${() => toggle(name, tool)} />${tool}</label>`)}
              ${name === 'approvals' && !agent.tools.length && html`<span class="small muted">It has no tools yet.</span>`}</div></div>`)}
          ${agent.skills?.length > 0 && html`<p class="small">Skills: ${agent.skills.join(', ')}</p>`}
          <${Field} id="a-approvers" label="Approvers beside you" hint="One a line: user:bob or role:operator."><textarea id="a-approvers" rows="2" value=${agent.approvers.join('\n')} onChange=${event => set({ approvers: lines(event.target.value) })}></textarea><//>
          <${Field} id="a-notify" label="Channel" hint="Where people are told that a call waits; the app's settings name the channels."><input id="a-notify" value=${agent.notify ?? ''} onInput=${text('notify')} /><//></div>
        <div class="card"><h2>Bounds</h2><div class="facts">
          ${[['maxTurns', 'Turns'], ['maxToolCalls', 'Tool calls'], ['deadlineSeconds', 'Deadline (s)'], ['maxOutputTokens', 'Output tokens']].map(([name, label]) => html`<${Field} key=${name} id=${`a-${name}`} label=${label}><input id=${`a-${name}`} type="number" min="1" value=${agent[name] ?? ''} onInput=${numeric(name)} /><//>`)}
          <${Field} id="a-temperature" label="Temperature"><input id="a-temperature" type="number" min="0" max="2" step="0.1" value=${agent.temperature ?? ''} onInput=${numeric('temperature')} /><//>
          <${Field} id="a-redaction" label="Redaction"><select id="a-redaction" value=${agent.redaction} onChange=${text('redaction')}>${['off', 'mask', 'restore', 'block'].map(name => html`<option key=${name} value=${name}>${name}</option>`)}</select><//></div></div></div>
      </div>
      ${!isFixed && html`<div class="bar"><button class="primary">${isNew ? 'Create' : 'Save'}</button><span class="small muted">Fields that are not shown here keep their values.</span></div>`}
    </fieldset></form>
    ${asked && html`<${Confirm} title=${`Delete ${id}?`} action="Delete" danger busy=${action.busy} onYes=${erase} onNo=${() => setAsked(false)}><p>Runs that go on keep their copy of it. New ones cannot be started.</p><${Failure} error=${action.error} /><//>`}`;
}
