import { useCallback, useEffect, useRef, useState } from '../vendor/htm-preact.js';
import { get, withQuery } from './api.js';

/** Loads something, and again whenever `again` is called or, with `every`, so many milliseconds have passed while the page is seen. */
export function useLoad(load, inputs = [], { every } = {}) {
  const [state, setState] = useState({ loading: true });
  const latest = useRef(0);
  const again = useCallback(async () => {
    const turn = ++latest.current;
    try {
      const data = await load();
      if (turn === latest.current) setState({ data, loading: false });
    } catch (error) {
      // What was there stays there: a server that is away for a moment does not empty the page.
      if (turn === latest.current) setState(before => ({ data: before.data, error, loading: false }));
    }
  }, inputs);
  useEffect(() => { setState({ loading: true }); again(); return () => { latest.current++; }; }, inputs);
  useEffect(() => {
    if (!every) return undefined;
    const timer = setInterval(() => { if (!document.hidden) again(); }, every);
    return () => clearInterval(timer);
  }, [...inputs, every]);
  return { ...state, again };
}

/** A list page by page. `more` loads the next; `refresh` renews the first and keeps the others. */
export function usePages(path, query, { every, limit = 100 } = {}) {
  const key = withQuery(path, { ...query, limit });
  const [state, setState] = useState({ items: [], loading: true });
  const current = useRef({ key, busy: false });
  const read = useCallback(async mode => {
    const place = current.current, after = place.next;
    if (mode === 'more' && (place.busy || !after)) return;
    if (mode === 'more') place.busy = true;
    try {
      const page = await get(mode === 'more' ? withQuery(path, { ...query, limit, after }) : key);
      // A list that was renewed meanwhile may go on elsewhere: whoever needs more asks again.
      if (current.current !== place || (mode === 'more' && place.next !== after)) return;
      setState(before => {
        const known = mode === 'first' ? [] : before.items;
        if (mode === 'refresh' && known.length > 0) {
          // Beyond the first page, what was loaded stays; within it, what is gone is gone.
          const fresh = new Set(page.items.map(item => item.id));
          const rest = known.length > limit && known.some(item => fresh.has(item.id)) ? known.slice(limit).filter(item => !fresh.has(item.id)) : [];
          const between = rest.length ? known.slice(0, limit).filter(item => !fresh.has(item.id) && item.createdAt < page.items.at(-1).createdAt) : [];
          current.current.next = rest.length ? before.next : page.next;
          return { items: [...page.items, ...between, ...rest], loading: false, next: current.current.next };
        }
        current.current.next = page.next;
        return { items: [...known, ...page.items], next: page.next, loading: false };
      });
    } catch (error) {
      if (current.current === place) setState(before => ({ ...before, error, loading: false }));
    } finally {
      if (mode === 'more') place.busy = false;
    }
  }, [key]);
  useEffect(() => {
    current.current = { key, busy: false };
    setState({ items: [], loading: true });
    read('first');
    if (!every) return undefined;
    const timer = setInterval(() => { if (!document.hidden) read('refresh'); }, every);
    return () => clearInterval(timer);
  }, [key]);
  return { ...state, more: () => read('more'), refresh: () => read('refresh') };
}

/** Runs something that a button asks for: busy while it goes on, its problem when it fails. */
export function useAction() {
  const [state, setState] = useState({ busy: false });
  const run = async action => {
    setState({ busy: true });
    try {
      const result = await action();
      setState({ busy: false });
      return result ?? true;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    }
  };
  return { ...state, run, clear: () => setState({ busy: false }) };
}

/** The page's address: what is after #, as a path and its query. */
export function useRoute() {
  const read = () => {
    const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
    return { parts: path.split('/').filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(query ?? '')) };
  };
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const change = () => setRoute(read());
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}

export const go = path => { location.hash = path; };
