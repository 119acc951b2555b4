using Yggdrasil.Identity;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Work.Prompts;

/// <summary>A well-formed message of the queue <c>prompts</c>.</summary>
/// <param name="Id">The sender's: unique among the owner's prompts, and the same when a prompt is sent again.</param>
/// <param name="Owner">In whose name the run is; whoever may write to the queue is trusted to say so.</param>
/// <param name="RequestHash">A hash of what is asked for: the same for a prompt that is sent again.</param>
public sealed record PromptMessage(string Id, Owner Owner, string AgentId, StartRun Request, string RequestHash);

/// <summary>One delivery of a message: what the queue says of it.</summary>
/// <param name="MessageId">The queue's own id of the message, not the sender's.</param>
/// <param name="Attempt">1 for the first delivery.</param>
public sealed record PromptDelivery(string MessageId, DateTimeOffset EnqueuedAt, long Attempt, BinaryData Body);
