import { html, useState } from '../vendor/htm-preact.js';
import { get, segment } from './api.js';
import { duration, inputText, money, number, time } from './format.js';
import { Box, Facts, Failure, Status } from './ui.js';

const tags = { input: 'input', model: 'model', tool: 'tool', summary: 'summary', repair: 'repair' };
const isBad = step => ['failed', 'denied', 'expired', 'timed_out', 'unknown'].includes(step.status);

/** The stretch of time that steps take together. */
export function span(steps, run) {
  const own = steps.filter(step => !step.inherited);
  const begin = Math.min(...[run.startedAt ?? run.createdAt, ...own.map(step => step.startedAt)].map(at => Date.parse(at)));
  const end = Math.max(...[run.completedAt ?? new Date().toISOString()].map(at => Date.parse(at)), ...own.map(step => Date.parse(step.startedAt) + step.durationMs));
  return { begin, length: Math.max(1, end - begin) };
}

const keyOf = step => `${step.turn}/${step.kind}/${step.callId ?? ''}`;

/** Steps as a tree on a time axis. A call that is a run of another agent opens to that run's steps. */
export function Waterfall({ steps, axis, depth = 0, selected, onSelect, live }) {
  return html`<ol class="fall">${steps.map((step, index) => html`<${Step} key=${`${keyOf(step)}/${index}`} step=${step} axis=${axis} depth=${depth} selected=${selected} onSelect=${onSelect} />`)}
    ${live && html`<li><div class="step"><span class="who"><span class="tag">model</span><span class="name">${live}</span></span>
      <span class="track"><i class="bar1 model live" style=${{ '--from': '0%', '--size': '100%' }}></i></span><span class="right small muted">now</span></div></li>`}</ol>`;
}

function Step({ step, axis, depth, selected, onSelect }) {
  const [children, setChildren] = useState();
  const [error, setError] = useState();
  const from = Math.min(100, Math.max(0, (Date.parse(step.startedAt) - axis.begin) / axis.length * 100));
  const size = Math.min(100 - from, step.durationMs / axis.length * 100);
  const open = () => (children ? setChildren(undefined) : get(`/api/runs/${segment(step.childRun)}/steps`).then(list => setChildren(list.items), setError));
  const name = step.kind === 'input' ? 'What was asked' : step.name ?? step.kind;
  return html`<li>
    <button class="step" aria-pressed=${selected === step} onClick=${() => onSelect(step)} style=${{ '--depth': depth }}>
      <span class="who"><span class="tag">${tags[step.kind] ?? step.kind}</span><span class="name">${name}</span>${step.inherited && html`<span class="small muted">inherited</span>`}${isBad(step) && html`<span class="sr">${step.status}</span>`}</span>
      <span class="track" aria-hidden="true"><i class=${`bar1 ${isBad(step) ? 'bad' : step.approval ? 'wait' : step.kind} ${step.inherited ? 'inherited' : ''}`} style=${{ '--from': `${step.inherited ? 0 : from}%`, '--size': `${size}%` }}></i></span>
      <span class="right small num">${step.kind === 'input' ? '' : duration(step.durationMs)}</span>
    </button>
    ${step.childRun && html`<button class="quiet small" aria-expanded=${Boolean(children)} onClick=${open}>${children ? 'Hide' : 'Show'} the steps of ${name}</button>`}
    <${Failure} error=${error} />
    ${children && html`<${Waterfall} steps=${children} axis=${axis} depth=${depth + 1} selected=${selected} onSelect=${onSelect} />`}
  </li>`;
}

export function StepDetail({ step }) {
  if (!step) return html`<div class="card detail"><h2>Details</h2><p class="muted">Choose a step to see what went in and what came out.</p></div>`;
  return html`<section class="card detail" aria-label="Details of the step">
    <div class="head"><h2 class="wrap">${step.kind === 'input' ? 'What was asked' : step.name}</h2>${step.kind !== 'input' && html`<${Status} of=${step.status} />`}</div>
    <${Facts} of=${[
      ['Kind', step.kind], ['Turn', step.turn || undefined], ['Started', time(step.startedAt)], ['Took', step.kind === 'input' ? undefined : duration(step.durationMs)],
      ['Input tokens', step.inputTokens === undefined ? undefined : number(step.inputTokens)], ['Output tokens', step.outputTokens === undefined ? undefined : number(step.outputTokens)],
      ['Cached input', step.cachedInputTokens === undefined ? undefined : number(step.cachedInputTokens)], ['Thinking', step.reasoningTokens === undefined ? undefined : number(step.reasoningTokens)],
      ['Cost', step.costUsd === undefined ? undefined : money(step.costUsd)], ['Answered by', step.responseModel ?? step.servedBy], ['Finish', step.finishReason],
      ['Note', [step.cached && 'from the response cache', step.inherited && 'inherited, not paid again', step.estimated && 'tokens estimated'].filter(Boolean).join('; ') || undefined],
      ['Run', step.childRun && html`<a href=${`#/runs/${step.childRun}`}>${step.childRun}</a>`],
    ]} />
    <br />
    ${step.approval && html`<div class="notice"><${Status} of=${step.approval.decision} /> by ${step.approval.by ?? 'nobody in time'} at ${time(step.approval.at)}${step.approval.reason && html`: <span class="text">${step.approval.reason}</span>`}</div>`}
    <${Box} title="Input" value=${step.input === undefined ? undefined : inputText(step.input)} />
    <${Box} title="Arguments" value=${step.arguments} />
    <${Box} title=${step.kind === 'tool' ? 'Result' : 'Answer'} value=${step.result} />
    <${Box} title="Failures before it" value=${step.failures} />
  </section>`;
}
