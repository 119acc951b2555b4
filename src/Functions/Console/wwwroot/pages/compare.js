import { html } from '../vendor/htm-preact.js';
import { get, segment } from '../app/api.js';
import { between, duration, inputText, money, number, pretty } from '../app/format.js';
import { useLoad } from '../app/hooks.js';
import { Failure, Head, Skeleton } from '../app/ui.js';

const read = id => Promise.all([get(`/api/runs/${segment(id)}`), get(`/api/runs/${segment(id)}/steps`)]).then(([run, steps]) => ({ run, steps: steps.items }));

/** Steps side by side: those of one place in both runs share a row. */
export function align(left, right) {
  const keyOf = step => `${step.turn}/${step.kind}/${step.callId ?? ''}`;
  const others = new Map(right.map(step => [keyOf(step), step]));
  const rows = left.map(step => { const other = others.get(keyOf(step)); others.delete(keyOf(step)); return [step, other]; });
  return [...rows, ...[...others.values()].map(step => [undefined, step])].sort((one, two) => (one[0] ?? one[1]).turn - (two[0] ?? two[1]).turn);
}

const say = step => (step ? pretty(step.result ?? step.input ?? '') : '');
const Cell = ({ step }) => (step ? html`<div class="small muted">${duration(step.durationMs)}${step.costUsd ? ` · ${money(step.costUsd)}` : ''}${step.inherited ? ' · inherited' : ''}</div>
  ${step.arguments && html`<pre>${pretty(step.arguments)}</pre>`}<div class="text small">${say(step).slice(0, 2000)}</div>` : html`<span class="muted">–</span>`);

export default function Compare({ route }) {
  const { a, b } = route.query;
  const { data, error, again } = useLoad(() => Promise.all([read(a ?? ''), read(b ?? '')]), [a, b]);
  const head = html`<${Head} title="Compare" crumb=${['#/runs', 'Runs']}><p>Two runs side by side. What differs is marked.</p><//>`;
  if (!data) return html`${head}${error ? html`<${Failure} error=${error} again=${again} />` : html`<${Skeleton} lines=${8} />`}`;
  const [left, right] = data;
  const facts = [['Agent', run => run.agent], ['Version', run => run.agentVersion], ['Status', run => run.status], ['Asked', run => inputText(run.input)], ['Model', run => run.servedBy.join(', ')],
    ['Turns', run => run.turns], ['Tokens', run => number(run.usage.totalTokens)], ['Cost', run => money(run.usage.costUsd)], ['Took', run => between(run.startedAt, run.completedAt)], ['Answer', run => run.output ?? run.error?.message ?? '']];
  const headings = html`<thead><tr><th scope="col"><span class="sr">What</span></th>${data.map(({ run }, index) => html`<th scope="col" key=${index}><a href=${`#/runs/${run.id}`}>${run.id}</a></th>`)}</tr></thead>`;
  return html`${head}
    <div class="card flush"><div class="scroll" tabindex="0" role="region" aria-label="The runs"><table class="diff">${headings}<tbody>${facts.map(([name, of]) => html`<tr key=${name} class=${of(left.run) === of(right.run) || name === 'Took' ? '' : 'changed'}><td>${name}</td><td class="text">${of(left.run)}</td><td class="text">${of(right.run)}</td></tr>`)}</tbody></table></div></div>
    <h2>Steps</h2><div class="card flush"><div class="scroll" tabindex="0" role="region" aria-label="Their steps"><table class="diff">${headings}<tbody>${align(left.steps, right.steps).map(([one, two], index) => html`<tr key=${index} class=${say(one) === say(two) && pretty(one?.arguments) === pretty(two?.arguments) ? '' : 'changed'}>
      <td>${(one ?? two).turn ? `Turn ${(one ?? two).turn}` : ''} ${(one ?? two).kind}<div class="small wrap">${(one ?? two).name}</div></td><td><${Cell} step=${one} /></td><td><${Cell} step=${two} /></td></tr>`)}</tbody></table></div></div>`;
}
