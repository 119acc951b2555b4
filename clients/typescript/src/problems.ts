import type { Problem, ProblemCode, Run } from "./types.js";

/** The server refused a request, or failed at it. A server that cannot be reached is what `fetch` throws, a `TypeError`. */
export class YggdrasilError extends Error {
  override readonly name = "YggdrasilError";

  private constructor(
    message: string,
    /** The status of the answer. */
    readonly status: number,
    /** What programs decide by; `http_502` and the like where somebody between here and the server answered. */
    readonly code: ProblemCode | (string & {}),
    /** For 400: what is wrong with which field, query parameter or header. Otherwise empty. */
    readonly errors: Readonly<Record<string, string[]>>,
    /** Seconds to wait before another try, where the server says so. */
    readonly retryAfter: number | undefined,
    /** What to quote to the operator. */
    readonly traceId: string | undefined,
  ) {
    super(message);
  }

  /** Whether the same request may be answered in another way soon. The day's quota and open streams are not waited for. */
  get isTransient(): boolean {
    return this.status === 429
      ? this.code !== "quota_exceeded" && this.code !== "too_many_event_readers"
      : [408, 502, 503, 504].includes(this.status);
  }

  /** From an answer that is no success, and the document that it had. */
  static of(response: Response, document: unknown): YggdrasilError {
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json") && typeof document === "object" && document !== null;
    const problem: Partial<Problem> = isProblem ? document : {};
    return new YggdrasilError(
      problem.detail ?? problem.title ?? `The answer is ${response.status} and says no more.`,
      response.status,
      problem.code ?? `http_${response.status}`,
      problem.errors ?? {},
      secondsOf(response.headers.get("retry-after")),
      problem.traceId,
    );
  }

  /** Reads an answer that is no success. */
  static async read(response: Response): Promise<YggdrasilError> {
    const text = await response.text();
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      // A gateway's page: the status says it all.
    }

    return YggdrasilError.of(response, document);
  }
}

/** A run has ended in another way than `completed`. */
export class RunNotCompletedError extends Error {
  override readonly name = "RunNotCompletedError";

  constructor(readonly run: Run) {
    super(`The run ${run.id} is ${run.status} (${run.stopReason})${run.error ? `: ${run.error.message}` : "."}`);
  }
}

/** The run, where it has completed; otherwise throws {@link RunNotCompletedError}. */
export function ensureCompleted(run: Run): Run {
  if (run.status !== "completed") {
    throw new RunNotCompletedError(run);
  }

  return run;
}

/** The value of `Retry-After`, seconds or a date. */
function secondsOf(value: string | null): number | undefined {
  if (value === null) {
    return undefined;
  }

  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
