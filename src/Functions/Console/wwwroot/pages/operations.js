import { html, useState } from '../vendor/htm-preact.js';
import { get, post, put, remove, segment } from '../app/api.js';
import { duration, fullTime, number } from '../app/format.js';
import { useAction, useLoad } from '../app/hooks.js';
import { Empty, Failure, Field, Head, Skeleton, Status, Time } from '../app/ui.js';

function Health() {
  const now = useLoad(() => get('/health'), [], { every: 10000 });
  const past = useLoad(() => get('/api/health/history?limit=100'), [], { every: 60000 });
  return html`<section class="card"><div class="head"><h2>Health</h2>${now.data && html`<div class="bar"><${Status} of=${now.data.status} /><span class="small muted">version ${now.data.version}</span></div>`}</div>
    <${Failure} error=${now.error} again=${now.again} />
    ${now.data?.checks && html`<div class="scroll" tabindex="0" role="region" aria-label="Checks"><table><thead><tr><th scope="col">Check</th><th scope="col">Status</th><th scope="col" class="wide">Detail</th><th scope="col" class="right">Took</th></tr></thead>
      <tbody>${Object.entries(now.data.checks).map(([name, check]) => html`<tr key=${name}><td>${name}</td><td><${Status} of=${check.status} /></td><td class="wide wrap small">${check.detail}</td><td class="right num">${duration(check.durationMs)}</td></tr>`)}</tbody></table></div>`}
    ${past.data?.items.length > 0 && html`<br /><h3>The last ${past.data.items.length} minutes that were recorded</h3><div class="strip" role="img" aria-label=${`${past.data.items.filter(item => item.status === 'healthy').length} of ${past.data.items.length} healthy`}>${[...past.data.items].reverse().map(item => html`<i key=${item.checkedAt} class=${item.status} title=${`${fullTime(item.checkedAt)}: ${item.status}`}></i>`)}</div>`}
  </section>`;
}

function Errors() {
  const [status, setStatus] = useState('open');
  const list = useLoad(() => get(`/api/errors?limit=50&status=${status}`), [status], { every: 20000 });
  const action = useAction();
  const change = item => action.run(() => post(`/api/errors/${segment(item.id)}/${item.status === 'open' ? 'resolve' : 'reopen'}`)).then(list.again);
  return html`<section class="card"><div class="head"><h2>Errors</h2><div class="bar"><label class="sr" for="e-status">Which errors</label><select id="e-status" value=${status} onChange=${event => setStatus(event.target.value)}><option value="open">Open</option><option value="resolved">Resolved</option></select></div></div>
    <${Failure} error=${list.error ?? action.error} again=${list.again} />
    ${list.data && (list.data.items.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Errors"><table><thead><tr><th scope="col">Error</th><th scope="col" class="right">Count</th><th scope="col" class="wide">Last seen</th><th scope="col"><span class="sr">Action</span></th></tr></thead>
      <tbody>${list.data.items.map(item => html`<tr key=${item.id}><td class="wrap"><strong>${item.kind}</strong>${item.provider && ` · ${item.provider}`}<div class="small muted">${item.place}</div></td><td class="right num">${number(item.count)}</td><td class="wide"><${Time} at=${item.lastSeen} /></td>
        <td class="right"><button disabled=${action.busy} onClick=${() => change(item)}>${item.status === 'open' ? 'Resolve' : 'Reopen'}</button></td></tr>`)}</tbody></table></div>` : html`<p class="muted">No ${status} errors. Each kind of failure of the app shows here once, with its count.</p>`)}</section>`;
}

function Poison() {
  const list = useLoad(() => get('/api/poison?limit=50'), [], { every: 20000 });
  const action = useAction();
  return html`<section class="card"><h2>Rejected prompts</h2><${Failure} error=${list.error ?? action.error} again=${list.again} />
    ${list.data && (list.data.items.length ? html`<div class="scroll" tabindex="0" role="region" aria-label="Rejected prompts"><table><thead><tr><th scope="col">Prompt</th><th scope="col">Why</th><th scope="col" class="wide">When</th><th scope="col"><span class="sr">Action</span></th></tr></thead>
      <tbody>${list.data.items.map(item => html`<tr key=${item.id}><td class="wrap">${item.promptId ?? item.id}<div class="small muted">${item.agent}</div></td><td class="wrap small">${item.error.message}</td><td class="wide"><${Time} at=${item.poisonedAt} /></td>
        <td class="right">${item.replayedAt ? html`<span class="small muted">sent again by ${item.replayedBy}</span>` : html`<button disabled=${action.busy} onClick=${() => action.run(() => post(`/api/poison/${segment(item.id)}/replay`)).then(list.again)}>Send again</button>`}</td></tr>`)}</tbody></table></div>` : html`<p class="muted">None. Messages of the queue that failed three times show here, and can be sent again.</p>`)}</section>`;
}

function Users() {
  const [id, setId] = useState('');
  const [limits, setLimits] = useState();
  const [said, setSaid] = useState();
  const action = useAction();
  const path = `/api/users/${segment(id.trim())}`;
  const look = event => { event.preventDefault(); setSaid(undefined); action.run(() => get(`${path}/limits`)).then(found => setLimits(found && found !== true ? found : undefined)); };
  const set = name => event => { const next = { ...limits }; if (event.target.value === '') delete next[name]; else next[name] = Number(event.target.value); setLimits(next); };
  const act = (what, text) => action.run(what).then(done => { if (done) setSaid(text); });
  return html`<section class="card"><h2>Users</h2>
    <form class="filters" onSubmit=${look}><${Field} id="o-user" label="User id"><input id="o-user" required value=${id} onInput=${event => { setId(event.target.value); setLimits(undefined); }} /><//><div class="field"><label aria-hidden="true">\u00a0</label><button disabled=${action.busy}>Look up</button></div></form>
    <${Failure} error=${action.error} /><div aria-live="polite">${said && html`<div class="notice good">${said}</div>`}</div>
    ${limits && html`<div class="facts">${[['tokensPerDay', 'Tokens a day'], ['costPerDayUsd', 'Cost a day (USD)'], ['requestsPerMinute', 'Requests a minute'], ['concurrentRuns', 'Runs at once']].map(([name, label]) => html`<${Field} key=${name} id=${`o-${name}`} label=${label}><input id=${`o-${name}`} type="number" min="0" step="any" placeholder="the app's" value=${limits[name] ?? ''} onInput=${set(name)} /><//>`)}</div>
      <div class="bar"><button class="primary" disabled=${action.busy} onClick=${() => act(() => put(`${path}/limits`, limits), 'The limits are saved.')}>Save limits</button>
      <button class="danger" disabled=${action.busy} onClick=${() => act(() => put(`${path}/disabled`), `${id} is disabled.`)}>Disable</button><button disabled=${action.busy} onClick=${() => act(() => remove(`${path}/disabled`), `${id} is enabled.`)}>Enable</button></div>`}</section>`;
}

export default function Operations({ me }) {
  if (!me) return html`<${Head} title="Operations" /><${Skeleton} />`;
  const isAdmin = me.roles.includes('admin'), isOperator = isAdmin || me.roles.includes('operator');
  if (!isOperator) return html`<${Head} title="Operations" /><div class="card"><${Empty} title="For operators"><p>Health in full, errors and rejected prompts are for users with the role <code>operator</code> or <code>admin</code>. In development, act as <code>root:admin</code> at the left.</p><//></div>`;
  return html`<${Head} title="Operations"><p>How the app fares, and what wants attention.</p><//><${Health} /><${Errors} /><${Poison} />${isAdmin && html`<${Users} />`}`;
}
