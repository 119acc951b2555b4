export { YggdrasilClient, type ClientOptions } from "./client.js";
export { Runs, type Reading, type Starting } from "./runs.js";
export { RunNotCompletedError, YggdrasilError, ensureCompleted } from "./problems.js";
export { CallbackVerificationError, verifyCallback, type CallbackMessage } from "./callbacks.js";
export { hasEnded } from "./runs.js";
export type * from "./types.js";
export type { components, operations, paths } from "./contract.js";
