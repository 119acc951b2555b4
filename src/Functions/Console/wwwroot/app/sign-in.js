import { useAuthorization } from './api.js';

// Tokens are in memory only. What has to outlive the way to the issuer and back (state and PKCE verifier, no token) is kept in this tab's
// session storage until the way back, and removed then.
const kept = 'yggdrasil.sign-in';
const redirectUri = () => new URL('../', import.meta.url).href;
const early = 60_000;

let oauth, server, client, tokens;

async function prepare(config) {
  oauth = await import('../vendor/oauth4webapi.js');
  const issuer = new URL(config.authority);
  const options = issuer.protocol === 'http:' ? { [oauth.allowInsecureRequests]: true } : {};
  server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  client = { client_id: config.clientId };
  return options;
}

function keep(result) {
  tokens = { access: result.access_token, refresh: result.refresh_token ?? tokens?.refresh, until: Date.now() + (result.expires_in ?? 3600) * 1000 };
}

export async function beginSignIn(config) {
  await prepare(config);
  const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), nonce = oauth.generateRandomNonce();
  sessionStorage.setItem(kept, JSON.stringify({ verifier, state, nonce, hash: location.hash }));
  const to = new URL(server.authorization_endpoint);
  for (const [name, value] of Object.entries({
    client_id: client.client_id, redirect_uri: redirectUri(), response_type: 'code', scope: config.scopes.join(' '), state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })) to.searchParams.set(name, value);
  location.assign(to);
}

/** Ends a sign-in where the issuer has sent the user back. Whether somebody is signed in then. */
async function endSignIn(config) {
  const here = new URL(location.href), text = sessionStorage.getItem(kept);
  if (!here.searchParams.has('code') && !here.searchParams.has('error')) return false;
  sessionStorage.removeItem(kept);
  const begun = text ? JSON.parse(text) : {};
  // The code is worth nothing without the verifier, and is used up at once; it does not stay in the address all the same.
  history.replaceState(null, '', redirectUri() + (begun.hash ?? ''));
  if (!text) throw new Error('This sign-in was not begun here. Sign in again.');
  const options = await prepare(config);
  const parameters = oauth.validateAuthResponse(server, client, here, begun.state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), parameters, redirectUri(), begun.verifier, options);
  keep(await oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: begun.nonce }));
  return true;
}

/** Gives a valid token, renewed where the issuer allows; told of the end of a session by `onEnd`. */
async function bearer(config, onEnd) {
  if (tokens && Date.now() > tokens.until - early && tokens.refresh) {
    try {
      const options = await prepare(config);
      keep(await oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, oauth.None(), tokens.refresh, options)));
    } catch {
      // The token is used as long as it is valid.
    }
  }
  if (!tokens || Date.now() > tokens.until) onEnd();
  return tokens ? `Bearer ${tokens.access}` : null;
}

/** Establishes who uses the console: 'in', 'out' (a sign-in is needed) or 'off' (none is possible). */
export async function start(config, onEnd) {
  if (config.development) return 'in';
  if (!config.clientId) return 'off';
  useAuthorization(() => bearer(config, onEnd));
  return await endSignIn(config) ? 'in' : 'out';
}

/** In development anybody is who they say they are: `user`, or `user:admin`; null is the host's own user. */
export const actAs = user => useAuthorization(async () => (user ? `Bearer dev:${user}` : null));

export function signOut() { tokens = undefined; location.replace(redirectUri()); }
