// A client that is typed by the contract alone: a run with a sub-agent and an approval, its events, and a fork of it.
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

type Run = components["schemas"]["Run"];
type RunEvent = components["schemas"]["RunEvent"];
type AgentDefinition = components["schemas"]["AgentDefinition"];

const [baseUrl, effectUrl] = process.argv.slice(2);
const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: baseUrl! });

/** The answer's document, or an error that says what the problem is. */
function must<T>(answer: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (answer.data === undefined) {
    throw new Error(answer.error ? `${answer.error.code}: ${answer.error.detail}` : "There is no document.");
  }

  return answer.data;
}

async function putAgent(agent: string, definition: AgentDefinition): Promise<void> {
  must(await client.PUT("/api/agents/{agent}", { params: { path: { agent } }, body: definition }));
}

async function runUntil(id: string, isThere: (run: Run) => boolean): Promise<Run> {
  for (;;) {
    const run = must(await client.GET("/api/runs/{id}", { params: { path: { id } } }));
    if (isThere(run)) {
      return run;
    }

    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

async function readEvents(id: string): Promise<RunEvent[]> {
  const { data } = await client.GET("/api/runs/{id}/events", { params: { path: { id } }, parseAs: "text" });
  return (data ?? "").split("\n\n").map(block => new Map(block.split("\n").map(line => [line.split(": ")[0]!, line.slice(line.indexOf(": ") + 2)])))
    .filter(fields => fields.has("data"))
    .map(fields => ({ id: fields.get("id"), event: fields.get("event"), data: JSON.parse(fields.get("data")!) }) as RunEvent);
}

await putAgent("ts-researcher", { model: "openai:scripted", description: "Finds things out." });
await putAgent("ts-lead", {
  model: "openai:scripted",
  tools: ["agent:ts-researcher", "http_post"],
  approvals: ["http_post"],
  onApprovalExpired: "deny",
  responseSchema: { type: "object", properties: { said: { type: "string" } }, required: ["said"] },
});

const accepted = must(await client.POST("/api/agents/{agent}/runs", {
  params: { path: { agent: "ts-lead" }, header: { "Idempotency-Key": "ts-1" } },
  body: { input: [{ role: "user", content: effectUrl! }], metadata: { ticket: "A-17" } },
}));
const waiting = await runUntil(accepted.id, run => run.status === "waiting" && run.pendingApprovals !== undefined);
const call = waiting.pendingApprovals![0]!;
const decided = await client.POST("/api/runs/{id}/approvals/{callId}", {
  params: { path: { id: waiting.id, callId: call.callId } },
  body: { decision: "approve", argumentsHash: call.argumentsHash, arguments: { url: effectUrl!, body: "approved" } },
});
const ended = await runUntil(accepted.id, run => run.completedAt !== undefined);

const steps = must(await client.GET("/api/runs/{id}/steps", { params: { path: { id: ended.id } } }));
const childRun = steps.items.find(step => step.childRun !== undefined)!.childRun!;
const child = must(await client.GET("/api/runs/{id}", { params: { path: { id: childRun } } }));
const events = await readEvents(ended.id);
const last = events.at(-1);

const fork = must(await client.POST("/api/runs/{id}/fork", {
  params: { path: { id: ended.id }, header: { Prefer: "wait=60" } },
  body: { fromTurn: 3 },
}));
const forked = await runUntil(fork.id, run => run.completedAt !== undefined);

console.log(JSON.stringify({
  decided: decided.response.status,
  approvedBy: steps.items.find(step => step.approval !== undefined)?.approval?.decision,
  status: ended.status,
  output: ended.output,
  ticket: ended.metadata["ticket"],
  childOfRun: child.parent?.runId === ended.id,
  lastEvent: last?.event === "run.completed" ? last.data.output : last?.event,
  forkOfRun: forked.forkedFrom?.id === ended.id,
  forkOutput: forked.output,
}));
