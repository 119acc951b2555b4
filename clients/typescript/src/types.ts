import type { components } from "./contract.js";

type Schemas = components["schemas"];

export type Agent = Schemas["Agent"];
export type AgentDefinition = Schemas["AgentDefinition"];
export type Approval = Schemas["Approval"];
export type ApprovalDecision = Schemas["ApprovalDecision"];
export type Conversation = Schemas["Conversation"];
export type EventTicket = Schemas["EventTicket"];
export type ForkRun = Schemas["ForkRun"];
export type Message = Schemas["Message"];
export type PendingApproval = Schemas["PendingApproval"];
export type PendingToolCall = Schemas["PendingToolCall"];
export type Problem = Schemas["Problem"];
export type ProblemCode = Schemas["ProblemCode"];
export type Run = Schemas["Run"];
/** An event of a run; `event` tells which. */
export type RunEvent = Schemas["RunEvent"];
export type RunStatus = Schemas["RunStatus"];
export type StartRun = Schemas["StartRun"];
export type Step = Schemas["Step"];
