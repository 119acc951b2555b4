import { html, useState } from '../vendor/htm-preact.js';
import { post, segment } from './api.js';
import { pretty } from './format.js';
import { useAction } from './hooks.js';
import { Box, Failure, Field, Time } from './ui.js';

/** A tool call that waits for a decision: its arguments can be changed before it is approved. */
export function ApprovalCard({ runId, call, agent, owner, onDecided }) {
  const [edited, setEdited] = useState();
  const [reason, setReason] = useState('');
  const [mistake, setMistake] = useState();
  const action = useAction();
  const key = `${runId}-${call.callId}`;
  const decide = async decision => {
    let replaced;
    if (decision === 'approve' && edited !== undefined && edited !== pretty(call.arguments)) {
      try { replaced = JSON.parse(edited); } catch (failure) { setMistake(`This is no JSON: ${failure.message}`); return; }
    }
    setMistake(undefined);
    const body = { decision, argumentsHash: call.argumentsHash, reason: reason || undefined, arguments: replaced };
    if (await action.run(() => post(`/api/runs/${segment(runId)}/approvals/${segment(call.callId)}`, body))) onDecided?.(decision);
  };
  return html`<section class="card" aria-label=${`Approval of ${call.tool}`}>
    <div class="head"><div class="grow"><h2><code>${call.tool}</code> waits for your decision</h2>
      <div class="small muted wrap">${agent && html`Agent ${agent} · `}${owner && html`for ${owner} · `}<a href=${`#/runs/${runId}`}>${runId}</a> · expires <${Time} at=${call.expiresAt} /></div></div></div>
    ${edited === undefined
      ? html`<${Box} title="Arguments" value=${call.arguments} /><p><button class="quiet" onClick=${() => setEdited(pretty(call.arguments))}>Edit arguments</button></p>`
      : html`<${Field} id=${`arguments-${key}`} label="Arguments (JSON)" hint="They pass every check again before the call is made.">
          <textarea class="code" id=${`arguments-${key}`} aria-describedby=${`arguments-${key}-hint`} rows=${Math.min(14, edited.split('\n').length + 1)} spellcheck="false" value=${edited} onInput=${event => setEdited(event.target.value)}></textarea><//>
        <p><button class="quiet" onClick=${() => { setEdited(undefined); setMistake(undefined); }}>Keep the model's arguments</button></p>`}
    <${Field} id=${`reason-${key}`} label="Reason (optional)"><input id=${`reason-${key}`} placeholder="The model reads it when you deny" value=${reason} onInput=${event => setReason(event.target.value)} /><//>
    ${mistake && html`<div class="notice bad" role="alert">${mistake}</div>`}
    <${Failure} error=${action.error} />
    <div class="bar"><button class="primary" disabled=${action.busy} onClick=${() => decide('approve')}>${edited !== undefined && edited !== pretty(call.arguments) ? 'Approve with changes' : 'Approve'}</button>
      <button class="danger" disabled=${action.busy} onClick=${() => decide('deny')}>Deny</button></div>
  </section>`;
}
