// What callers do with the package, step by step; each prints what it saw as lines of JSON.
import { YggdrasilClient, YggdrasilError, hasEnded, verifyCallback, type RunEvent } from "@yggdrasil-functions/client";

const [step, baseUrl, agent, token] = process.argv.slice(2) as [string, string, string, string];
const client = new YggdrasilClient({ baseUrl, token, maxRetries: 60 });

function say(what: unknown): void {
  console.log(JSON.stringify(what));
}

async function sayAll(events: AsyncIterable<RunEvent>): Promise<void> {
  for await (const event of events) {
    say(event);
  }
}

async function refusal(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
    return "nothing";
  } catch (failure) {
    return failure instanceof YggdrasilError
      ? { status: failure.status, code: failure.code, errors: Object.keys(failure.errors).sort(), retryAfter: failure.retryAfter !== undefined, isTransient: failure.isTransient }
      : (failure as Error).name;
  }
}

const steps: Record<string, () => Promise<void>> = {
  stream: () => sayAll(client.runs.startAndStream(agent, { input: "Post it." })),

  run: async () => say(await client.runs.run(agent, "Post it.")),

  // By the typed routes: the key is made all the same.
  routes: async () => {
    const { data } = await client.api.POST("/api/agents/{agent}/runs", { params: { path: { agent } }, body: { input: "Post it.", metadata: { ticket: "A-17" } } });
    const ended = await client.runs.wait((data as { id: string }).id);
    const listed = await client.api.GET("/api/runs", { params: { query: { metadata: { "metadata.ticket": "A-17" }, agent } } });
    say({ output: ended.output, listed: listed.data?.items.map(run => run.id).join() === ended.id });
  },

  decide: async () => {
    const started = await client.runs.start(agent, { input: "Post it.", clientTools: [{ name: "ask_user" }] });
    for await (const event of client.runs.stream(started.id)) {
      if (event.event === "approval.required") {
        const { callId, argumentsHash } = event.data;
        await client.runs.approve(started.id, { callId, argumentsHash: argumentsHash! }, { reason: "Fine." });
        break;
      }
    }

    let run = await client.runs.waitForToolCalls(started.id);
    const asked: string[] = [];
    while (!hasEnded(run)) {
      for (const call of run.pendingToolCalls ?? []) {
        asked.push(call.name);
        await client.runs.answerToolCall(run.id, call.callId, { colour: "blue" });
      }

      run = await client.runs.waitForToolCalls(run.id);
    }

    say({ output: run.output, asked, steps: (await client.runs.steps(run.id)).map(step => step.kind) });
  },

  refusals: async () => {
    const wrong = new YggdrasilClient({ baseUrl, token: () => "ygk_0123456789abcdef_nobody-has-made-this-key" });
    const impatient = new YggdrasilClient({ baseUrl, token, maxRetryAfter: 0 });
    say({
      key: await refusal(() => wrong.runs.run(agent, "Go")),
      stream: await refusal(() => sayAll(wrong.runs.startAndStream(agent, "Go"))),
      fields: await refusal(() => client.runs.start(agent, { input: "Go", maxTurns: 0, temperature: 7 })),
      rate: await refusal(async () => {
        await impatient.runs.start(agent, "One");
        await impatient.runs.start(agent, "Two");
      }),
      path: await refusal(() => client.runs.get("..")),
    });
  },

  abort: async () => {
    const controller = new AbortController();
    let id = "";
    const reading = await refusal(async () => {
      for await (const event of client.runs.startAndStream(agent, "Go", { signal: controller.signal })) {
        id = event.event === "run.started" ? event.data.id : id;
        controller.abort();
      }
    });
    const waiting = await refusal(() => client.runs.wait(id, { signal: controller.signal }));
    say({ reading, waiting, status: (await client.runs.get(id)).status });
    say(await client.runs.cancel(id));
  },

  // Secret, body and headers come as arguments.
  verify: async () => {
    const [secret, body, headers] = process.argv.slice(3) as [string, string, string];
    try {
      say(verifyCallback(secret, body, JSON.parse(headers)));
    } catch (failure) {
      say({ refused: (failure as Error).name });
    }
  },
};

await steps[step]!();
