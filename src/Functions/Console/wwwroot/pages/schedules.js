import { html, useState } from '../vendor/htm-preact.js';
import { get, put, remove, segment } from '../app/api.js';
import { inputText } from '../app/format.js';
import { useAction, useLoad } from '../app/hooks.js';
import { Confirm, Empty, Failure, Field, Head, Skeleton, Status, Time } from '../app/ui.js';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const blank = { id: '', agent: 'assistant', input: '', cron: '0 7 * * *', timeZone: zone, catchUp: 'skip', enabled: true };
const own = ['agent', 'input', 'cron', 'timeZone', 'conversationId', 'catchUp', 'enabled'];
const bodyOf = schedule => Object.fromEntries(own.map(name => [name, schedule[name]]).filter(([, value]) => value !== undefined && value !== ''));

function Edit({ schedule, isNew, onDone }) {
  const [draft, setDraft] = useState(schedule);
  const action = useAction();
  const set = name => event => setDraft({ ...draft, [name]: event.target.value });
  const save = async () => { if (await action.run(() => put(`/api/schedules/${segment(draft.id)}`, bodyOf(draft)))) onDone(true); };
  return html`<${Confirm} title=${isNew ? 'New schedule' : `Schedule ${schedule.id}`} action="Save" busy=${action.busy || !draft.id} onYes=${save} onNo=${() => onDone(false)}>
    ${isNew && html`<${Field} id="s-id" label="Id"><input id="s-id" value=${draft.id} onInput=${set('id')} /><//>`}
    <${Field} id="s-agent" label="Agent"><input id="s-agent" value=${draft.agent} onInput=${set('agent')} /><//>
    <${Field} id="s-input" label="Ask" hint=${Array.isArray(schedule.input) ? 'A list of messages is kept as it is; change it by the API.' : undefined}><textarea id="s-input" rows="3" disabled=${Array.isArray(schedule.input)} value=${inputText(draft.input)} onInput=${set('input')}></textarea><//>
    <${Field} id="s-cron" label="When (cron)" hint="Minute, hour, day, month, weekday. 0 7 * * 1-5 is 7:00 on weekdays."><input id="s-cron" class="mono" value=${draft.cron} onInput=${set('cron')} /><//>
    <${Field} id="s-zone" label="Time zone"><input id="s-zone" value=${draft.timeZone} onInput=${set('timeZone')} /><//>
    <${Failure} error=${action.error} />
  <//>`;
}

export default function Schedules() {
  const { data, loading, error, again } = useLoad(() => get('/api/schedules?limit=100'), [], { every: 15000 });
  const [edited, setEdited] = useState();
  const [doomed, setDoomed] = useState();
  const action = useAction();
  const switchOn = item => action.run(() => put(`/api/schedules/${segment(item.id)}`, bodyOf({ ...item, enabled: !item.enabled }))).then(again);
  const erase = () => action.run(() => remove(`/api/schedules/${segment(doomed.id)}`)).then(done => { if (done) { setDoomed(undefined); again(); } });
  return html`<${Head} title="Schedules" actions=${html`<button class="primary" onClick=${() => setEdited(blank)}>New schedule</button>`}><p>Runs that start by the clock.</p><//>
    <${Failure} error=${error ?? (doomed ? undefined : action.error)} again=${again} />
    ${loading && !data ? html`<${Skeleton} />` : data?.items.length ? html`<div class="two">${data.items.map(item => html`<section class="card" key=${item.id} aria-label=${item.id}>
        <div class="head"><div class="grow"><h2>${item.id}</h2><div class="small muted wrap">${item.agent} · <code>${item.cron}</code> · ${item.timeZone}</div></div><${Status} of=${item.enabled ? 'enabled' : 'disabled'} /></div>
        <p class="text small">${inputText(item.input).slice(0, 300)}</p>
        <p class="small">${item.enabled && html`Next <${Time} at=${item.nextRunAt} />`}${item.lastRunAt && html` · last ${item.lastRunId ? html`<a href=${`#/runs/${item.lastRunId}`}><${Time} at=${item.lastRunAt} /></a>` : html`<${Time} at=${item.lastRunAt} />`}`}</p>
        ${item.lastError && html`<div class="notice bad small">${item.lastError}</div>`}
        <div class="bar"><button onClick=${() => setEdited(item)}>Edit</button><button onClick=${() => switchOn(item)} disabled=${action.busy}>${item.enabled ? 'Disable' : 'Enable'}</button><button class="danger" onClick=${() => setDoomed(item)}>Delete</button></div></section>`)}</div>`
      : !error && html`<div class="card"><${Empty} title="No schedules yet"><p>A schedule asks an agent something at set times, in a time zone of your choice: a report each morning, a check each hour.</p><p><button class="primary" onClick=${() => setEdited(blank)}>New schedule</button></p><//></div>`}
    ${edited && html`<${Edit} schedule=${edited} isNew=${edited === blank} onDone=${saved => { setEdited(undefined); if (saved) again(); }} />`}
    ${doomed && html`<${Confirm} title=${`Delete ${doomed.id}?`} action="Delete" danger busy=${action.busy} onYes=${erase} onNo=${() => setDoomed(undefined)}><p>No more runs start by it. Its past runs stay.</p><${Failure} error=${action.error} /><//>`}`;
}
