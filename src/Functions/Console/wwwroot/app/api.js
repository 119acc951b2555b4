// The API as the console calls it. What comes back is data: it is shown as text nodes and never as markup.

const apiRoot = new URL('../../', import.meta.url);

/** Who asks: gives the Authorization header's value, or null where the host needs none. Set by sign-in. */
let authorization = async () => null;
export const useAuthorization = provider => { authorization = provider; };

/** A problem that the API answered (RFC 9457), or a request that got no answer (status 0). */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail || body.title || (status ? `The server answered ${status}.` : 'The server does not answer.'));
    this.status = status;
    this.code = body.code;
    this.errors = body.errors;
    this.traceId = body.traceId;
  }
}

export async function send(method, path, { body, headers = {}, signal, accept = 'application/json' } = {}) {
  const all = new Headers({ Accept: accept, ...headers });
  const token = await authorization();
  if (token) all.set('Authorization', token);
  if (body !== undefined) all.set('Content-Type', 'application/json');
  let response;
  try {
    response = await fetch(new URL(path.replace(/^\//, ''), apiRoot), {
      method, headers: all, signal, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'omit', cache: 'no-store',
    });
  } catch (failure) {
    if (failure.name === 'AbortError') throw failure;
    throw new Problem(0);
  }
  if (!response.ok && !(path === '/health' && response.status === 503)) {
    throw new Problem(response.status, await response.json().catch(() => ({})));
  }
  return response;
}

async function json(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 || response.headers.get('Content-Length') === '0' ? null : response.text().then(text => (text ? JSON.parse(text) : null));
}

export const get = (path, options) => json('GET', path, options);
export const post = (path, body, options) => json('POST', path, { ...options, body });
export const put = (path, body, options) => json('PUT', path, { ...options, body });
export const remove = (path, options) => json('DELETE', path, options);

/** A path with a query of the values that are there. */
export function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  return query.size ? `${path}?${query}` : path;
}

export const segment = encodeURIComponent;
