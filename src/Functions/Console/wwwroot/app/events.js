import { send } from './api.js';

const firstPause = 500;
const longestPause = 10000;

/** Splits a stream of text into server-sent events. */
export function createParser(tell) {
  let rest = '', id, type = 'message', data = [];
  return text => {
    rest += text;
    const lines = rest.split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length) tell({ id, type, data: data.join('\n') });
        type = 'message'; data = [];
      } else if (!line.startsWith(':')) {
        const at = line.indexOf(':'), name = at < 0 ? line : line.slice(0, at), value = at < 0 ? '' : line.slice(at + 1).replace(/^ /, '');
        if (name === 'id') id = value; else if (name === 'event') type = value; else if (name === 'data') data.push(value);
      }
    }
  };
}

const pause = (milliseconds, signal) => new Promise(resolve => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/**
 * Follows a run to its end, over lost connections and restarts of the server: each connection continues after the last event seen.
 * `start` starts the run and answers its events; without it `runId` names a run that is there.
 */
export async function follow({ runId, start, onEvent, onConnection = () => {}, signal }) {
  let last, wait = firstPause;
  while (!signal.aborted) {
    let ended = false;
    try {
      const response = start && !runId
        ? await start(signal)
        : await send('GET', `/api/runs/${runId}/events`, { accept: 'text/event-stream', headers: last ? { 'Last-Event-ID': last } : {}, signal });
      runId ??= response.headers.get('Location')?.match(/runs\/([^/?]+)/)?.[1];
      if (response.status === 204) return;
      onConnection(true);
      const parse = createParser(event => {
        last = event.id ?? last;
        wait = firstPause;
        const content = JSON.parse(event.data);
        if (event.type === 'run.started') runId ??= content.id;
        ended ||= /^run\.(completed|failed|cancelled|expired)$/.test(event.type);
        onEvent(event.type, content);
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) parse(part.value);
    } catch (failure) {
      if (signal.aborted) return;
      // A start that was refused is not tried again; of a run that is there, what passes is waited for. A lost connection is taken up again.
      if (failure.status && (!runId || (failure.status !== 429 && failure.status < 500))) throw failure;
      onConnection(false);
    }
    if (ended) return;
    await pause(wait, signal);
    wait = Math.min(wait * 2, longestPause);
  }
}
