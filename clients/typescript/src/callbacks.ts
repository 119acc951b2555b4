import { Webhook } from "standardwebhooks";
import type { components } from "./contract.js";

/** That a run or a batch has ended. It never holds content: read that from the run. */
export type CallbackMessage = components["schemas"]["RunEndedMessage"] | components["schemas"]["BatchEndedMessage"];

/** A callback is not to be believed: answer 400. */
export class CallbackVerificationError extends Error {
  override readonly name = "CallbackVerificationError";
}

/**
 * The message of a callback, once its signature and its age are verified as Standard Webhooks 1.0.0 says. A message may come twice, with the same
 * `webhook-id`: who acts on it remembers the ids.
 *
 * @param secret As `PUT /api/callback-secret` answered or was given it, `whsec_…`.
 * @param body As it came, before it is parsed.
 * @param headers Those of the request, as `Headers` or as Node has them.
 */
export function verifyCallback(secret: string, body: string, headers: Headers | Record<string, string | string[] | undefined>): CallbackMessage {
  const value = (name: string): string => {
    const found = headers instanceof Headers ? headers.get(name) : headers[name];
    return typeof found === "string" ? found : "";
  };
  let message: unknown;
  try {
    message = new Webhook(secret).verify(body, {
      "webhook-id": value("webhook-id"),
      "webhook-timestamp": value("webhook-timestamp"),
      "webhook-signature": value("webhook-signature"),
    });
  } catch (failure) {
    throw new CallbackVerificationError(failure instanceof Error ? failure.message : "The callback cannot be verified.");
  }

  if (typeof message !== "object" || message === null || !("type" in message) || !("data" in message)) {
    throw new CallbackVerificationError("The body is no message.");
  }

  return message as CallbackMessage;
}
