import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./contract.js";
import { YggdrasilError } from "./problems.js";
import { Backoff, addKey, mayRepeat, type RetryLimits } from "./retries.js";
import { Runs } from "./runs.js";

export interface ClientOptions {
  /** Where the server is, for example `https://agents.example.com`; a path is kept. */
  baseUrl: string;
  /** An API key (`ygk_…`) or another bearer token, or what gets one before every attempt. None for a server that asks for none. */
  token?: string | (() => string | Promise<string>);
  /**
   * How often a request that failed on its way, or that was answered 408, 429, 502, 503 or 504, is sent again: with growing pauses from half a second to ten, or
   * after `Retry-After`. For streams of events it counts anew with every event. 8 by default, some 45 seconds; 0 for none.
   */
  maxRetries?: number;
  /** The longest `Retry-After` that is waited for, in seconds; an answer that asks for more is thrown at once. 30 by default. */
  maxRetryAfter?: number;
  /** In place of the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
}

/** Starts and follows durable runs of agents, and decides what they wait for. */
export class YggdrasilClient {
  /** Runs: start, follow, wait, control, decide. */
  readonly runs: Runs;
  /**
   * Every route of the contract, typed, as `openapi-fetch` has it: `{ data, error, response }`. With the token, and sent again where that has no second effect;
   * starts of runs, forks and batches have an `Idempotency-Key`.
   */
  readonly api: Client<paths, "application/json" | "application/problem+json">;

  readonly #token: ClientOptions["token"];
  readonly #fetch: (request: Request) => Promise<Response>;
  readonly #limits: RetryLimits;

  constructor(options: ClientOptions) {
    this.#token = options.token;
    this.#fetch = options.fetch ?? (request => fetch(request));
    this.#limits = { maxRetries: options.maxRetries ?? 8, maxRetryAfter: options.maxRetryAfter ?? 30 };
    this.api = createClient<paths, "application/json" | "application/problem+json">({
      baseUrl: options.baseUrl.replace(/\/+$/, ""),
      fetch: request => this.#send(request),
      // The one parameter that is an object: ?metadata.ticket=A-17
      querySerializer: { object: { style: "form", explode: true } },
    });
    this.runs = new Runs(this.api, this.#limits, options.baseUrl.replace(/\/+$/, ""), request => this.#attempt(request));
  }

  /** Sends a request, again where that helps; the last answer is returned, whatever it is. */
  async #send(request: Request): Promise<Response> {
    addKey(request);
    if (!mayRepeat(request)) {
      return this.#attempt(request);
    }

    for (const backoff = new Backoff(this.#limits, request.signal); ;) {
      const { answer, failure } = await this.#outcome(request.clone());
      if (failure === undefined || !(await backoff.again(failure))) {
        if (answer === undefined) {
          throw failure;
        }

        return answer;
      }
    }
  }

  /** One attempt with its whole answer: a body that is cut is a failure that another try may mend. */
  async #outcome(request: Request): Promise<{ answer?: Response; failure?: unknown }> {
    try {
      const response = await this.#attempt(request);
      if (response.ok && /^(text\/event-stream|application\/x-ndjson)/.test(response.headers.get("content-type") ?? "")) {
        return { answer: response };
      }

      const body = await response.arrayBuffer();
      const answer = new Response([204, 205, 304].includes(response.status) ? null : body, response);
      return response.ok ? { answer } : { answer, failure: await YggdrasilError.read(answer.clone()) };
    } catch (failure) {
      return { failure };
    }
  }

  async #attempt(request: Request): Promise<Response> {
    const token = typeof this.#token === "function" ? await this.#token() : this.#token;
    if (token !== undefined) {
      request.headers.set("Authorization", `Bearer ${token}`);
    }

    return this.#fetch(request);
  }
}
