import { html, useEffect, useMemo, useRef, useState } from '../vendor/htm-preact.js';
import { get, post, remove, segment } from '../app/api.js';
import { ApprovalCard } from '../app/approval.js';
import { follow } from '../app/events.js';
import { between, inputText, isTerminal, money, number, time } from '../app/format.js';
import { go, useAction } from '../app/hooks.js';
import { span, StepDetail, Waterfall } from '../app/steps.js';
import { Box, Confirm, Facts, Failure, Field, Head, Skeleton, Status } from '../app/ui.js';

/** A run with its steps, kept up to date by its events. */
function useRun(id) {
  const [state, setState] = useState({ live: '' });
  const change = part => setState(before => ({ ...before, ...part }));
  const reading = useRef(Promise.resolve());
  const read = useMemo(() => {
    let timer;
    const now = () => Promise.all([get(`/api/runs/${segment(id)}`), get(`/api/runs/${segment(id)}/steps`)])
      .then(([run, steps]) => change({ run, steps: steps.items, error: undefined }), error => change({ error }));
    // Events come in bursts; one reading serves all of a burst.
    return (delay = 0) => { clearTimeout(timer); timer = setTimeout(() => { reading.current = reading.current.then(now); }, delay); };
  }, [id]);
  useEffect(() => {
    const stop = new AbortController();
    read();
    follow({
      runId: id, signal: stop.signal,
      onConnection: connected => { change({ connected }); if (connected) read(); },
      onEvent: (type, data) => {
        if (type === 'model.delta') setState(before => ({ ...before, live: before.live + data.text, liveTurn: data.turn }));
        else if (type === 'model.restarted') change({ live: '' });
        else {
          if (type === 'model.completed') change({ live: '' });
          if (type === 'tool.started') change({ doing: data.name });
          if (type === 'tool.completed') change({ doing: undefined });
          read(120);
        }
      },
    }).then(() => { change({ live: '', doing: undefined }); read(); }, error => change({ error }));
    return () => stop.abort();
  }, [id]);
  return { ...state, read };
}

function Fork({ run, onDone }) {
  const [turn, setTurn] = useState(Math.max(1, run.turns + 1));
  const [input, setInput] = useState('');
  const action = useAction();
  const fork = () => action.run(async () => {
    const made = await post(`/api/runs/${segment(run.id)}/fork`, { fromTurn: Number(turn), input: input || undefined });
    go(`/runs/${made.id}`);
    onDone();
  });
  return html`<${Confirm} title="Fork this run" action="Start the fork" busy=${action.busy} onYes=${fork} onNo=${onDone}>
    <p class="muted">A new run keeps the steps before a turn. They are neither made nor paid for again.</p>
    <${Field} id="fork-turn" label="From turn" hint=${`1 to ${run.turns + 1}; ${run.turns + 1} continues from the end.`}><input id="fork-turn" type="number" min="1" max=${run.turns + 1} value=${turn} onInput=${event => setTurn(event.target.value)} /><//>
    <${Field} id="fork-input" label="Then ask" hint="Empty repeats the turn."><textarea id="fork-input" rows="3" value=${input} onInput=${event => setInput(event.target.value)}></textarea><//>
    <${Failure} error=${action.error} />
  <//>`;
}

export default function RunPage({ route }) {
  const id = route.parts[1];
  const { run, steps, error, live, doing, connected, read } = useRun(id);
  const [chosen, setChosen] = useState();
  const [asked, setAsked] = useState();
  const action = useAction();
  const control = verb => action.run(() => post(`/api/runs/${segment(id)}/${verb}`)).then(() => read());
  const erase = () => action.run(() => remove(`/api/runs/${segment(id)}`)).then(done => { setAsked(undefined); if (done) go('/runs'); });
  const crumb = ['#/runs', 'Runs'];
  if (!run) return html`<${Head} title="Run" crumb=${crumb} />${error ? html`<${Failure} error=${error} again=${() => read()} />` : html`<${Skeleton} lines=${9} />`}`;
  const ended = isTerminal(run);
  const list = steps ?? [];
  const selected = list.find(step => chosen && step.turn === chosen.turn && step.kind === chosen.kind && step.callId === chosen.callId) ?? chosen;
  const usage = run.usage.withChildren ?? run.usage;
  return html`
    <${Head} crumb=${crumb} title=${run.agent} actions=${html`
      ${!ended && html`<button class="danger" disabled=${action.busy || run.cancelRequested} onClick=${() => control('cancel')}>${run.cancelRequested ? 'Cancelling…' : 'Cancel'}</button>`}
      ${!ended && run.status !== 'suspended' && html`<button disabled=${action.busy || run.suspendRequested} onClick=${() => control('suspend')}>${run.suspendRequested ? 'Suspending…' : 'Suspend'}</button>`}
      ${run.status === 'suspended' && html`<button class="primary" disabled=${action.busy} onClick=${() => control('resume')}>Resume</button>`}
      ${run.conversationId && html`<a class="button" href=${`#/chat?agent=${segment(run.agent)}&conversation=${segment(run.conversationId)}`}>Continue in chat</a>`}
      <button onClick=${() => setAsked('fork')}>Fork</button>
      ${ended && !run.conversationId && html`<button class="danger" onClick=${() => setAsked('delete')}>Delete</button>`}`}>
      <p class="small"><${Status} of=${run.status} /> <span class="mono">${run.id}</span></p><//>
    <div aria-live="polite">${connected === false && !ended && html`<div class="notice warn">The connection was lost. This page takes up again where it was, by itself.</div>`}</div>
    <${Failure} error=${action.error ?? error} />
    <div class="card"><${Facts} of=${[
      ['Started', time(run.startedAt ?? run.createdAt)], [ended ? 'Took' : 'Runs for', between(run.startedAt, run.completedAt)], ['Turns', run.turns], ['Tokens', number(usage.totalTokens)],
      ['Cost', `${money(usage.costUsd)}${run.usage.withChildren ? ' with child runs' : ''}`], ['Ended because', run.stopReason?.replaceAll('_', ' ')], ['Model', run.servedBy.join(', ')], ['Agent version', run.agentVersion || undefined],
      ['Conversation', run.conversationId && html`<a href=${`#/conversations/${segment(run.conversationId)}`}>${run.conversationId}</a>`],
      ['Called by', run.parent && html`<a href=${`#/runs/${run.parent.runId}`}>${run.parent.runId}</a>`],
      ['Fork of', run.forkedFrom && html`<a href=${`#/compare?a=${run.forkedFrom.id}&b=${run.id}`}>compare, from turn ${run.forkedFrom.fromTurn}</a>`],
      ...Object.entries(run.metadata ?? {}).map(([name, value]) => [`metadata.${name}`, value]),
    ]} /></div>
    ${run.error && html`<div class="notice bad"><strong>${run.error.code.replaceAll('_', ' ')}</strong><div class="text">${run.error.message}</div></div>`}
    ${(run.pendingApprovals ?? []).map(call => html`<${ApprovalCard} key=${call.argumentsHash} runId=${run.id} call=${call} onDecided=${() => read()} />`)}
    <div class="run">
      <div>
        <div class="card"><h2>Asked</h2><div class="box" tabindex="0" role="group" aria-label="What was asked"><div class="text">${inputText(run.input)}</div></div>
          ${(run.output || live) && html`<br /><h2>${live ? 'Answering' : 'Answer'}</h2><div class="box" tabindex="0" role="group" aria-label="Answer" aria-busy=${Boolean(live)}><div class=${`text ${live ? 'caret' : ''}`}>${live || run.output}</div></div>`}
          ${run.structuredOutput && html`<br /><${Box} title="As JSON" value=${run.structuredOutput} />`}</div>
        <section class="card flush" aria-label="Steps"><div class="legend"><span><i class="m"></i>model</span><span><i class="t"></i>tool</span><span><i class="w"></i>approved by a person</span></div>
          ${steps ? html`<${Waterfall} steps=${list} axis=${span(list, run)} selected=${selected} onSelect=${setChosen} live=${ended ? undefined : live ? 'answering' : doing ? `calling ${doing}` : run.status === 'running' ? 'working' : undefined} />` : html`<${Skeleton} />`}</section>
      </div>
      <${StepDetail} step=${selected} />
    </div>
    ${asked === 'fork' && html`<${Fork} run=${run} onDone=${() => setAsked(undefined)} />`}
    ${asked === 'delete' && html`<${Confirm} title="Delete this run?" action="Delete" danger busy=${action.busy} onYes=${erase} onNo=${() => setAsked(undefined)}><p>Its content is gone at once and cannot be brought back.</p><${Failure} error=${action.error} /><//>`}`;
}
