import { html, useState } from '../vendor/htm-preact.js';
import { get } from '../app/api.js';
import { ApprovalCard } from '../app/approval.js';
import { useLoad } from '../app/hooks.js';
import { Empty, Failure, Head, Skeleton } from '../app/ui.js';

const sample = `curl -X PUT ${location.origin}/api/agents/careful -H 'Content-Type: application/json' \\
  -d '{"model":"demo:assistant","tools":["calculator"],"approvals":["calculator"]}'`;

export default function Approvals() {
  const { data, error, loading, again } = useLoad(() => get('/api/approvals?limit=100'), [], { every: 4000 });
  const [said, setSaid] = useState();
  const decided = call => decision => { setSaid(`${decision === 'approve' ? 'Approved' : 'Denied'}: ${call.tool} in ${call.runId}. The run goes on.`); again(); };
  return html`
    <${Head} title="Approvals"><p>Tool calls that wait for you: of your own runs, and of agents that name you or your role as approver.</p><//>
    <div aria-live="polite">${said && html`<div class="notice good">${said}</div>`}</div>
    <${Failure} error=${error} again=${again} />
    ${loading && !data ? html`<${Skeleton} />` : data?.items.length
      ? data.items.map(call => html`<${ApprovalCard} key=${`${call.runId}/${call.callId}/${call.argumentsHash}`} runId=${call.runId} call=${call} agent=${call.agent} owner=${call.owner} onDecided=${decided(call)} />`)
      : !error && html`<div class="card"><${Empty} title="Nothing waits for you" command=${sample}>
          <p>An agent's <code>approvals</code> name the tools whose calls wait for a person. Try it with an agent of your own, and ask it for 17*23:</p><//></div>`}
    ${data?.next && html`<p class="muted">There are more; decide about these first.</p>`}`;
}
