import { YggdrasilError } from "./problems.js";

/** How often, and for how long a pause, a request is sent again. */
export interface RetryLimits {
  readonly maxRetries: number;
  readonly maxRetryAfter: number;
}

const firstPause = 500;
const longestPause = 10_000;

/** POST requests that have no second effect by themselves, or by an `Idempotency-Key`, which starts are given where they have none. */
const repeatable = /\/api\/runs\/[^/]+\/(cancel|suspend|resume|events\/ticket|approvals\/[^/]+|tool-results\/[^/]+)$/;
const keyed = /\/api\/(agents\/[^/]+\/runs|runs\/[^/]+\/fork|batches)$/;

/**
 * Whether a request may be sent twice. A write under a version may not: its first answer may be lost, and the second is a refusal. Nor may a new callback secret:
 * two in a row leave none that receivers know.
 */
export function mayRepeat(request: Request): boolean {
  const { pathname } = new URL(request.url);
  return request.method === "POST"
    ? request.headers.has("Idempotency-Key") || repeatable.test(pathname)
    : !request.headers.has("If-Match") && !request.headers.has("If-None-Match") && !(request.method === "PUT" && pathname.endsWith("/api/callback-secret"));
}

/** Gives starts a key, so that there is one run however often the request is sent. */
export function addKey(request: Request): void {
  if (request.method === "POST" && !request.headers.has("Idempotency-Key") && keyed.test(new URL(request.url).pathname)) {
    request.headers.set("Idempotency-Key", newKey());
  }
}

/** A key that nobody else has. Not `randomUUID`: pages without TLS do not have it. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("");
}

/** Counts failures, and waits before what comes after one. */
export class Backoff {
  #failures = 0;

  constructor(private readonly limits: RetryLimits, private readonly signal: AbortSignal | null | undefined) {}

  /** Something came of it: what fails next is the first failure. */
  reset(): void {
    this.#failures = 0;
  }

  /** Waits before another try, and answers whether that helps at all. */
  async again(failure: unknown): Promise<boolean> {
    this.signal?.throwIfAborted();
    const problem = failure instanceof YggdrasilError ? failure : undefined;
    if (this.#failures >= this.limits.maxRetries
      || (problem !== undefined && !(problem.isTransient && (problem.retryAfter ?? 0) <= this.limits.maxRetryAfter))) {
      return false;
    }

    const grown = Math.min(longestPause, firstPause * 2 ** this.#failures++);
    await pause(problem?.retryAfter === undefined ? grown * (0.5 + Math.random() / 2) : problem.retryAfter * 1000, this.signal);
    return true;
  }
}

/** Waits; a signal ends that with its reason. */
export function pause(milliseconds: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) {
      onAbort();
    }

    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
