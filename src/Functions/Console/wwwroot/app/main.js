import { html, render, useEffect, useErrorBoundary, useRef, useState } from '../vendor/htm-preact.js';
import { get } from './api.js';
import { go, useLoad, useRoute } from './hooks.js';
import { actAs, beginSignIn, signOut, start } from './sign-in.js';
import { Failure, Field, Skeleton } from './ui.js';

const pages = {
  runs: ['Runs', route => (route.parts[1] ? import('../pages/run.js') : import('../pages/runs.js'))],
  approvals: ['Approvals', () => import('../pages/approvals.js')],
  chat: ['Chat', () => import('../pages/chat.js')],
  agents: ['Agents', route => (route.parts[1] ? import('../pages/agent.js') : import('../pages/agents.js'))],
  conversations: ['Conversations', () => import('../pages/conversations.js')],
  batches: ['Batches', () => import('../pages/batches.js')],
  schedules: ['Schedules', () => import('../pages/schedules.js')],
  usage: ['Usage', () => import('../pages/usage.js')],
  operations: ['Operations', () => import('../pages/operations.js')],
  compare: ['Compare', () => import('../pages/compare.js')],
};
const groups = [['Work', ['runs', 'approvals', 'chat']], ['Define', ['agents', 'schedules', 'batches', 'conversations']], ['Look after', ['usage', 'operations']]];

function Navigation({ current, waiting }) {
  return html`<nav class="nav" aria-label="Pages">${groups.map(([title, names]) => html`
    <div class="group" key=${title}>${title}</div>
    ${names.map(name => html`<a key=${name} href=${`#/${name}`} aria-current=${name === current ? 'page' : undefined}>${pages[name][0]}
      ${name === 'approvals' && waiting > 0 && html`<span class="count"><span class="sr">, </span>${waiting}${waiting === 100 ? '+' : ''}<span class="sr"> waiting</span></span>`}</a>`)}`)}</nav>`;
}

function ThemeButton() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  const [isDark, setDark] = useState(dark);
  const change = () => { document.documentElement.dataset.theme = dark() ? 'light' : 'dark'; setDark(dark()); };
  return html`<button class="quiet" onClick=${change}>${isDark ? '☀ Light' : '☾ Dark'}<span class="sr"> theme</span></button>`;
}

function DevelopmentUser({ onChange }) {
  const [user, setUser] = useState('');
  const act = event => { event.preventDefault(); actAs(user.trim() || null); onChange(); };
  return html`<form onSubmit=${act}><${Field} id="dev-user" label="Act as" hint="Development only: alice, or root:admin.">
    <input id="dev-user" aria-describedby="dev-user-hint" autocomplete="off" placeholder="the host's own user" pattern="[A-Za-z0-9._@\\-]{1,64}(:admin)?" value=${user} onInput=${event => setUser(event.target.value)} onChange=${act} /><//></form>`;
}

function Page({ route, me }) {
  const name = pages[route.parts[0]] ? route.parts[0] : 'runs';
  const [shown, setShown] = useState();
  const [failure, reset] = useErrorBoundary();
  const place = useRef();
  const key = route.parts.join('/');
  useEffect(() => {
    let wanted = true;
    pages[name][1](route).then(module => { if (wanted) setShown({ key, Page: module.default }); }, error => { if (wanted) setShown({ key, error }); });
    document.title = `${pages[name][0]} · Yggdrasil`;
    if (place.current !== undefined && place.current !== key) { reset?.(); document.getElementById('page')?.focus({ preventScroll: true }); scrollTo(0, 0); }
    place.current = key;
    return () => { wanted = false; };
  }, [key]);
  if (failure) return html`<${Failure} error=${failure} again=${reset} />`;
  if (shown?.error) return html`<${Failure} error=${shown.error} again=${() => location.reload()} />`;
  return shown?.key === key ? html`<${shown.Page} key=${key} route=${route} me=${me} />` : html`<h1>${pages[name][0]}</h1><${Skeleton} lines=${8} />`;
}

function Shell({ config }) {
  const route = useRoute();
  const [open, setOpen] = useState(false);
  const [as, setAs] = useState(0);
  const me = useLoad(() => get('/api/me'), [as]);
  const waiting = useLoad(() => get('/api/approvals?limit=100'), [as], { every: 15000 });
  useEffect(() => setOpen(false), [route]);
  useEffect(() => { if (!route.parts.length) go('/runs'); }, [route]);
  return html`<div class="shell">
    <a class="skip" href="#page" onClick=${event => { event.preventDefault(); document.getElementById('page').focus(); }}>Skip to content</a>
    <header class=${`side ${open ? 'open' : ''}`}>
      <a class="brand" href="#/runs"><img src="favicon.svg" alt="" width="24" height="24" />Yggdrasil</a>
      <button class="menu" aria-expanded=${open} onClick=${() => setOpen(!open)}>Menu</button>
      <${Navigation} current=${route.parts[0] ?? 'runs'} waiting=${waiting.data?.items.length ?? 0} />
      <div class="foot">
        ${config.development && html`<${DevelopmentUser} onChange=${() => setAs(as + 1)} />`}
        <div class="small muted wrap">${me.data && html`Signed in as <strong>${me.data.user}</strong>${me.data.roles.length > 0 && html` (${me.data.roles.join(', ')})`}`}</div>
        <div class="bar"><${ThemeButton} />${!config.development && html`<button class="quiet" onClick=${signOut}>Sign out</button>`}</div>
      </div>
    </header>
    <main class="page" id="page" tabindex="-1">
      ${me.error && html`<${Failure} error=${me.error} again=${me.again} />`}
      <${Page} key=${as} route=${route} me=${me.data} />
    </main>
  </div>`;
}

function Gate({ config, error, ended }) {
  const [failure, setFailure] = useState(error);
  return html`<main class="center"><div class="card">
    <a class="brand" href="#/runs"><img src="favicon.svg" alt="" width="24" height="24" />Yggdrasil</a>
    <h1>${config?.clientId ? ended ? 'Your session has ended' : 'Sign in' : 'Sign-in is not set up'}</h1>
    ${config && !config.clientId && html`<p>Set <code>Console__ClientId</code> to the console's client id at your issuer. The runbook says how to register it.</p>`}
    <${Failure} error=${failure} />
    ${config?.clientId && html`<p class="muted">You sign in at your organization's identity provider. The console keeps its tokens in memory only.</p>
      <button class="primary" onClick=${() => beginSignIn(config).catch(setFailure)}>Sign in</button>`}
  </div></main>`;
}

const root = document.getElementById('app');
const show = content => render(content, root);
root.replaceChildren();
let config;
try {
  config = await get('/console/config.json');
  const state = await start(config, () => show(html`<${Gate} key="ended" config=${config} ended />`));
  show(state === 'in' ? html`<${Shell} config=${config} />` : html`<${Gate} config=${config} />`);
} catch (error) {
  show(html`<${Gate} config=${config} error=${error} />`);
}
