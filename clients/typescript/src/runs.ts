import type { Client } from "openapi-fetch";
import type { paths } from "./contract.js";
import { isEnd, readEvents } from "./events.js";
import { YggdrasilError } from "./problems.js";
import { newKey, pause, type RetryLimits } from "./retries.js";
import type { EventTicket, ForkRun, PendingApproval, Run, RunEvent, StartRun, Step } from "./types.js";

export interface Starting {
  /** A key of the caller's own, so that another process of its repeats the start; one is made otherwise. */
  idempotencyKey?: string;
  /** Ends the attempt, or the wait; a run that was started goes on. */
  signal?: AbortSignal;
}

export interface Reading {
  /** The id of the last event that was seen; all are read otherwise. */
  after?: string;
  /** Ends the reading, or the wait; the run goes on. */
  signal?: AbortSignal;
}

type Api = Client<paths, "application/json" | "application/problem+json">;

/** Below what gateways and functions give a request. */
const waitInRequest = "wait=8";

/** Whether a run has ended, in whatever way. */
export function hasEnded(run: Run): boolean {
  return run.completedAt !== undefined;
}

/** Runs: start, follow, wait, control, decide. What the server refuses is thrown as {@link YggdrasilError}. */
export class Runs {
  readonly #api: Api;
  readonly #limits: RetryLimits;
  readonly #baseUrl: string;
  readonly #attempt: (request: Request) => Promise<Response>;

  /** @internal */
  constructor(api: Api, limits: RetryLimits, baseUrl: string, attempt: (request: Request) => Promise<Response>) {
    this.#api = api;
    this.#limits = limits;
    this.#baseUrl = baseUrl;
    this.#attempt = attempt;
  }

  /** Starts a run and waits for its end, however it ends, through restarts of the server. */
  async run(agent: string, request: StartRun | string, options: Starting = {}): Promise<Run> {
    const run = await this.#start(agent, request, options, waitInRequest);
    return hasEnded(run) ? run : this.wait(run.id, options);
  }

  /** Starts a run. However often the request is sent, there is one run. */
  start(agent: string, request: StartRun | string, options: Starting = {}): Promise<Run> {
    return this.#start(agent, request, options);
  }

  /** Starts a run and reads its events, in one request where nothing goes wrong. The model's text comes as it is written. */
  startAndStream(agent: string, request: StartRun | string, options: Starting = {}): AsyncGenerator<RunEvent, void, undefined> {
    const body = JSON.stringify(bodyOf(request));
    const key = options.idempotencyKey ?? newKey();
    return readEvents(
      (runId, after, signal) => runId !== undefined ? this.#eventRequest(runId, after, signal) : new Request(`${this.#baseUrl}/api/agents/${segment(agent)}/runs`, {
        method: "POST",
        headers: { Accept: "text/event-stream", "Content-Type": "application/json", "Idempotency-Key": key },
        body,
        signal,
      }),
      this.#attempt, this.#limits, undefined, undefined, options.signal);
  }

  /**
   * Reads the events of a run up to its last. Connections that are lost are made again where they broke off: nothing is left out, and nothing comes twice.
   * Deltas that were missed are not made up for; `model.completed` has the whole text.
   */
  stream(runId: string, options: Reading = {}): AsyncGenerator<RunEvent, void, undefined> {
    segment(runId);
    return readEvents((_, after, signal) => this.#eventRequest(runId, after, signal), this.#attempt, this.#limits, runId, options.after, options.signal);
  }

  /** Waits for the end of a run, however it ends, through restarts of the server. */
  wait(runId: string, options: Reading = {}): Promise<Run> {
    return this.#wait(runId, false, options.signal);
  }

  /** Waits until a run has ended or waits for calls of the caller's own tools, its `pendingToolCalls`. */
  waitForToolCalls(runId: string, options: Reading = {}): Promise<Run> {
    return this.#wait(runId, true, options.signal);
  }

  /** A run, as far as it has come. */
  async get(runId: string, options: Reading = {}): Promise<Run> {
    return must(await this.#api.GET("/api/runs/{id}", { params: { path: { id: segment(runId) } }, ...signalOf(options) }));
  }

  /** The recorded steps of a run so far, in order. */
  async steps(runId: string): Promise<Step[]> {
    return must(await this.#api.GET("/api/runs/{id}/steps", { params: { path: { id: segment(runId) } } })).items;
  }

  /** Starts a new run that has the turns of another before `fromTurn`, and makes the rest anew. */
  async fork(runId: string, request: ForkRun, options: Starting = {}): Promise<Run> {
    const header = { "Idempotency-Key": options.idempotencyKey ?? newKey() };
    return must(await this.#api.POST("/api/runs/{id}/fork", { params: { path: { id: segment(runId) }, header }, body: request, ...signalOf(options) }));
  }

  /** Cancels a run: a call of a model or tool in flight is broken off. One that has ended is left as it is. */
  async cancel(runId: string): Promise<Run> {
    return must(await this.#api.POST("/api/runs/{id}/cancel", { params: { path: { id: segment(runId) } } }));
  }

  /** Suspends a run: it stops before its next step, until it is resumed. */
  async suspend(runId: string): Promise<Run> {
    return must(await this.#api.POST("/api/runs/{id}/suspend", { params: { path: { id: segment(runId) } } }));
  }

  /** Resumes a suspended run. */
  async resume(runId: string): Promise<Run> {
    return must(await this.#api.POST("/api/runs/{id}/resume", { params: { path: { id: segment(runId) } } }));
  }

  /** Approves a call that waits for a person, with other arguments where some are given. The same decision again is accepted. */
  async approve(runId: string, call: Pick<PendingApproval, "callId" | "argumentsHash">, options: { arguments?: Record<string, unknown>; reason?: string } = {}): Promise<void> {
    await this.#decide(runId, call, { decision: "approve", ...options });
  }

  /** Denies a call that waits for a person; the model is told why, and the run goes on. */
  async deny(runId: string, call: Pick<PendingApproval, "callId" | "argumentsHash">, reason?: string): Promise<void> {
    await this.#decide(runId, call, { decision: "deny", ...(reason === undefined ? {} : { reason }) });
  }

  /** Answers a call of the caller's own tool. The first answer counts; the same one again is accepted. */
  async answerToolCall(runId: string, callId: string, result: unknown): Promise<Run> {
    return this.#answer(runId, callId, { result: result ?? null });
  }

  /** Says that a call of the caller's own tool failed; the model is told why. */
  async failToolCall(runId: string, callId: string, error: string): Promise<Run> {
    return this.#answer(runId, callId, { error });
  }

  /** Gets a ticket with which a page's `EventSource` reads the events of a run, for five minutes. */
  async eventTicket(runId: string): Promise<EventTicket> {
    return must(await this.#api.POST("/api/runs/{id}/events/ticket", { params: { path: { id: segment(runId) } } }));
  }

  async #start(agent: string, request: StartRun | string, options: Starting, prefer?: string): Promise<Run> {
    const header = { "Idempotency-Key": options.idempotencyKey ?? newKey(), ...(prefer === undefined ? {} : { Prefer: prefer }) };
    return must(await this.#api.POST("/api/agents/{agent}/runs", {
      params: { path: { agent: segment(agent) }, header },
      body: bodyOf(request),
      ...signalOf(options),
    })) as Run;
  }

  async #decide(
    runId: string, call: Pick<PendingApproval, "callId" | "argumentsHash">, decision: { decision: "approve" | "deny"; reason?: string; arguments?: Record<string, unknown> },
  ): Promise<void> {
    const { response, error } = await this.#api.POST("/api/runs/{id}/approvals/{callId}", {
      params: { path: { id: segment(runId), callId: segment(call.callId) } },
      body: { ...decision, argumentsHash: call.argumentsHash },
    });
    if (!response.ok) {
      throw YggdrasilError.of(response, error);
    }
  }

  async #answer(runId: string, callId: string, body: { result?: unknown; error?: string }): Promise<Run> {
    return must(await this.#api.POST("/api/runs/{id}/tool-results/{callId}", { params: { path: { id: segment(runId), callId: segment(callId) } }, body }));
  }

  async #wait(runId: string, orToolCalls: boolean, signal: AbortSignal | undefined): Promise<Run> {
    const options = signal === undefined ? {} : { signal };
    const isWanted = (run: Run): boolean => hasEnded(run) || (orToolCalls && run.pendingToolCalls !== undefined);
    try {
      for await (const event of this.stream(runId, options)) {
        if (isEnd(event)) {
          return event.data;
        }

        // Earlier calls, which have their answers, are told as well.
        if (orToolCalls && event.event === "tool.awaited") {
          const run = await this.get(runId, options);
          if (isWanted(run)) {
            return run;
          }
        }
      }
    } catch (failure) {
      // Who waits for hundreds of runs looks after them in turn.
      if (!(failure instanceof YggdrasilError && failure.code === "too_many_event_readers")) {
        throw failure;
      }
    }

    for (let wait = 1000; ; wait = Math.min(10_000, wait * 2)) {
      const run = await this.get(runId, options);
      if (isWanted(run)) {
        return run;
      }

      await pause(wait, signal);
    }
  }

  #eventRequest(runId: string, after: string | undefined, signal: AbortSignal): Request {
    return new Request(`${this.#baseUrl}/api/runs/${encodeURIComponent(runId)}/events`, {
      headers: { Accept: "text/event-stream", ...(after === undefined ? {} : { "Last-Event-ID": after }) },
      signal,
    });
  }
}

/** The answer's document, or what the problem is. */
function must<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw YggdrasilError.of(answer.response, answer.error);
  }

  return answer.data;
}

function bodyOf(request: StartRun | string): StartRun {
  return typeof request === "string" ? { input: request } : request;
}

function signalOf(options: { signal?: AbortSignal }): { signal: AbortSignal } | Record<string, never> {
  return options.signal === undefined ? {} : { signal: options.signal };
}

/** An id that leads to no other route. */
function segment(id: string): string {
  if (id === "" || id === "." || id === "..") {
    throw new TypeError(`"${id}" is no id.`);
  }

  return id;
}
