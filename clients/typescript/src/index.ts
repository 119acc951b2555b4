export { YggdrasilClient, type ClientOptions } from "./client.js";
export { hasEnded, type Reading, type Runs, type Starting } from "./runs.js";
export { RunNotCompletedError, YggdrasilError, ensureCompleted } from "./problems.js";
export { CallbackVerificationError, verifyCallback, type CallbackMessage } from "./callbacks.js";
export type * from "./types.js";
export type { components, operations, paths } from "./contract.js";
