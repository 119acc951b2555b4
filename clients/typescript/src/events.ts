import { EventSourceParserStream } from "eventsource-parser/stream";
import { YggdrasilError } from "./problems.js";
import { Backoff, pause, type RetryLimits } from "./retries.js";
import type { RunEvent } from "./types.js";

/** Three of the comments that the server sends where there is no event: a connection whose other end is gone is waited on no longer. */
const idleBound = 45_000;

/** What makes the request of each connection, from the run and the last event that are known by then. */
export type EventRequest = (runId: string | undefined, after: string | undefined, signal: AbortSignal) => Request;

/** Whether an event is the last of its run. */
export function isEnd(event: RunEvent): event is Extract<RunEvent, { event: "run.completed" | "run.failed" | "run.cancelled" | "run.expired" }> {
  return ["run.completed", "run.failed", "run.cancelled", "run.expired"].includes(event.event);
}

/** The events of a run up to its last, over as many connections as it takes; none is left out and none comes twice. */
export async function* readEvents(
  request: EventRequest, attempt: (request: Request) => Promise<Response>, limits: RetryLimits, runId?: string, after?: string, signal?: AbortSignal,
): AsyncGenerator<RunEvent, void, undefined> {
  const backoff = new Backoff(limits, signal);
  for (;;) {
    const connection = new Connection(signal);
    const opening = request(runId, after, connection.signal);
    let seen = false;
    try {
      const response = await attempt(opening);
      if (response.status === 204) {
        return;
      }

      if (!response.ok) {
        throw await YggdrasilError.read(response);
      }

      for await (const event of connection.read(response)) {
        backoff.reset();
        seen = true;
        after = event.id;
        runId ??= event.event === "run.started" ? event.data.id : undefined;
        yield event;
        if (isEnd(event)) {
          return;
        }
      }
    } catch (failure) {
      if (!(await backoff.again(failure))) {
        throw failure;
      }

      continue;
    } finally {
      connection.close();
    }

    // The server has ended it, as it does after 200 seconds.
    if (!seen) {
      await pause(connection.retry, signal);
    }
  }
}

/** One connection; it ends with the caller's signal, and where nothing comes for a while. */
class Connection {
  /** Milliseconds until the next, as the server wants it. */
  retry = 1000;

  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(this.#caller?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    caller?.throwIfAborted();
    caller?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async *read(response: Response): AsyncGenerator<RunEvent, void, undefined> {
    this.#wind();
    const watch = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, output) => {
        this.#wind();
        output.enqueue(chunk);
      },
    });
    const reader = response.body!
      .pipeThrough(watch)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream({ onRetry: milliseconds => { this.retry = milliseconds; } }))
      .getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }

      yield { id: value.id, event: value.event, data: JSON.parse(value.data) } as RunEvent;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onAbort);
    this.#controller.abort();
  }

  #wind(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`Nothing came for ${idleBound / 1000} seconds.`)), idleBound);
  }
}
