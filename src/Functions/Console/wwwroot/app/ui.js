import { html, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { Problem } from './api.js';
import { pretty, time, fullTime } from './format.js';

export const Status = ({ of, label }) => html`<span class=${`status ${of}`}>${label ?? String(of).replaceAll('_', ' ')}</span>`;

export const Time = ({ at }) => (at ? html`<time datetime=${at} title=${fullTime(at)} class="nowrap num">${time(at)}</time>` : html`<span class="muted">–</span>`);

export const Facts = ({ of }) => html`<dl class="facts">
  ${of.filter(([, value]) => value !== undefined && value !== null && value !== '').map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
</dl>`;

/** Text or JSON that somebody wrote, in a box that scrolls. */
export const Box = ({ title, value }) => (value === undefined || value === null || value === '' ? null : html`
  ${title && html`<h3>${title}</h3>`}
  <div class="box" tabindex="0" role="group" aria-label=${title ?? 'Content'}>${typeof value === 'string' ? html`<div class="text">${value}</div>` : html`<pre>${pretty(value)}</pre>`}</div>`);

export const Skeleton = ({ lines = 5 }) => html`<div role="status" aria-label="Loading">${Array.from({ length: lines }, (_, index) => html`<div class="skeleton" key=${index}></div>`)}</div>`;

export const Empty = ({ title, children, command }) => html`<div class="empty"><h2>${title}</h2>${children}${command && html`<pre tabindex="0">${command}</pre>`}</div>`;

/** Says what went wrong and what can be done about it. */
export function Failure({ error, again }) {
  if (!error) return null;
  const advice = error.status === 0 ? 'Check that the host runs and that you are connected. This page continues by itself where it can.'
    : error.status === 401 ? 'Sign in again; in development, choose a user at the left.'
    : error.status === 403 ? 'Ask an admin for the right, or sign in as somebody who has it.'
    : error.status === 404 ? 'It may have been deleted, or it belongs to somebody else.'
    : error.status === 412 ? 'Somebody changed it in the meantime. Load it again before you change it.'
    : error.status === 429 ? 'Wait a little, or ask for a higher limit. Usage shows your limits.'
    : error instanceof Problem && error.status < 500 ? 'Correct it and try again.'
    : 'Try again. If it stays so, look at Operations and the host’s log.';
  return html`<div class="notice bad" role="alert">
    <p><strong>${error.message}</strong></p>
    ${error.errors && html`<ul>${Object.entries(error.errors).map(([field, messages]) => html`<li key=${field}><code>${field}</code>: ${messages.join(' ')}</li>`)}</ul>`}
    <p class="muted small">${advice}${error.traceId && html` Trace <code>${error.traceId}</code>.`}</p>
    ${again && html`<button onClick=${again}>Try again</button>`}
  </div>`;
}

/** Heading of a page, with what can be done there at its right. */
export const Head = ({ title, crumb, children, actions }) => html`<div>
  ${crumb && html`<nav class="crumb" aria-label="Breadcrumb"><a href=${crumb[0]}>${crumb[1]}</a></nav>`}
  <div class="head"><div class="grow"><h1>${title}</h1>${children}</div><div class="bar">${actions}</div></div>
</div>`;

export const Field = ({ id, label, hint, children }) => html`<div class="field"><label for=${id}>${label}</label>${children}${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}</div>`;

/** Asks before something that cannot be undone. */
export function Confirm({ title, children, action, danger, busy, onYes, onNo }) {
  const dialog = useRef();
  useEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} aria-label=${title} onCancel=${event => { event.preventDefault(); onNo(); }}>
    <h2>${title}</h2>${children}
    <div class="bar"><button onClick=${onNo}>Back</button><button class=${danger ? 'danger' : 'primary'} disabled=${busy} onClick=${onYes}>${action}</button></div>
  </dialog>`;
}

/** A list of any length: only the rows that are seen are in the document, and the next page is read before its end is reached. */
export function LongTable({ label, columns, items, row, href, next, onMore, height = 56 }) {
  const box = useRef();
  const [first, setFirst] = useState(0);
  const seen = 40;
  const fill = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    if (next && scrollTop > 0 && scrollTop + clientHeight > scrollHeight - 20 * height) onMore();
  };
  const onScroll = () => { setFirst(Math.max(0, Math.floor(box.current.scrollTop / height) - 10)); fill(); };
  // Whoever stands at the end when a page arrives is there still, and scrolls no more.
  useEffect(fill, [items, next]);
  const begin = Math.min(first, Math.max(0, items.length - seen)), shown = items.slice(begin, begin + seen);
  const after = items.length - begin - shown.length;
  const space = rows => (rows > 0 ? html`<tr class="spacer" aria-hidden="true"><td colspan=${columns.length} style=${{ height: `${rows * height}px` }}></td></tr>` : null);
  return html`<div class="card flush"><div class="scroll" ref=${box} onScroll=${onScroll} tabindex="0" role="region" aria-label=${label}>
    <table class="long" aria-rowcount=${next ? -1 : items.length + 1}>
      <thead><tr>${columns.map(([name, style]) => html`<th key=${name} scope="col" class=${style ?? ''}>${name}</th>`)}</tr></thead>
      <tbody>${space(begin)}${shown.map((item, index) => html`<tr class="fixed link" key=${item.id} aria-rowindex=${begin + index + 2}
        onClick=${event => { if (!event.target.closest('a, button')) location.hash = href(item); }}>${row(item)}</tr>`)}${space(after)}</tbody>
    </table>
    ${next && html`<div class="more"><button class="quiet" onClick=${onMore}>Load more</button></div>`}
  </div></div>`;
}

export const Meter = ({ label, used, limit, show }) => html`<div class="field"><div class="bar small"><span class="grow">${label}</span><span class="num">${show(used)}${limit !== undefined && limit !== null ? html` of ${show(limit)}` : html` <span class="muted">no limit</span>`}</span></div>
  <div class=${`meter ${limit && used >= limit ? 'full' : ''}`} aria-hidden="true"><i style=${{ '--size': limit ? `${Math.min(100, used / limit * 100)}%` : '0%' }}></i></div></div>`;
