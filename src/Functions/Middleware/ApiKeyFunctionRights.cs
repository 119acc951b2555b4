using System.Collections.Frozen;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Agents;
using Yggdrasil.Functions.Http.AgUi;
using Yggdrasil.Functions.Http.AiSdk;
using Yggdrasil.Functions.Http.Batches;
using Yggdrasil.Functions.Http.Conversations;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Functions.Http.OpenAI;
using Yggdrasil.Functions.Http.Operations;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Users;
using Yggdrasil.Identity;

namespace Yggdrasil.Functions.Middleware;

/// <summary>The functions that a caller with an API key may call. A function that is not named here needs a token of the user's own.</summary>
/// <remarks>
/// A key reads and runs agents. What would outlive it (schedules, shares, other keys), what changes what it may do (agents), and what is
/// an operator's or concerns the user as a person is not for programs. Which agents it is for is for <c>AccessPolicy</c> to decide.
/// </remarks>
internal static class ApiKeyFunctionRights
{
    /// <summary>The functions for every key.</summary>
    internal static readonly FrozenSet<string> Reading = FrozenSet.Create(
        nameof(ModelFunctions.ListModels), nameof(ModelFunctions.GetModel), nameof(ResponseFunctions.GetResponse), nameof(ResponseFunctions.ListInputItems),
        nameof(UiChatFunctions.ResumeChat),
        nameof(OpenAIConversationFunctions.GetOpenAIConversation), nameof(OpenAIConversationFunctions.ListConversationItems),
        nameof(OpenAIConversationFunctions.GetConversationItem), nameof(AgentFunctions.ListAgents), nameof(AgentFunctions.GetAgent), nameof(ToolFunctions.ListTools),
        nameof(RunFunctions.ListRuns), nameof(RunFunctions.GetRun), nameof(RunFunctions.GetRunSteps),
        nameof(EventFunctions.GetRunEvents), nameof(EventFunctions.CreateEventTicket),
        nameof(ConversationFunctions.ListConversations), nameof(ConversationFunctions.GetConversation), nameof(ConversationFunctions.ListMessages),
        nameof(ApprovalFunctions.ListApprovals), nameof(BatchFunctions.ListBatches), nameof(BatchFunctions.GetBatch), nameof(BatchFunctions.GetBatchResults),
        nameof(UsageFunctions.GetUsage), nameof(MeFunctions.GetMe), nameof(HealthFunctions.Health));

    /// <summary>The functions for keys that may run, besides.</summary>
    internal static readonly FrozenSet<string> Running = FrozenSet.Create(
        nameof(ChatFunctions.CreateChatCompletion), nameof(ResponseFunctions.CreateResponse), nameof(ResponseFunctions.CancelResponse),
        nameof(ResponseFunctions.DeleteResponse), nameof(UiChatFunctions.SendChat), nameof(AgUiFunctions.RunAgUi),
        nameof(OpenAIConversationFunctions.CreateOpenAIConversation), nameof(OpenAIConversationFunctions.UpdateOpenAIConversation),
        nameof(OpenAIConversationFunctions.DeleteOpenAIConversation), nameof(OpenAIConversationFunctions.AddConversationItems),
        nameof(RunFunctions.StartRun), nameof(RunFunctions.ForkRun), nameof(InlineFunctions.InvokeAgent),
        nameof(RunControlFunctions.CancelRun), nameof(RunControlFunctions.SuspendRun), nameof(RunControlFunctions.ResumeRun),
        nameof(RunControlFunctions.DeleteRun), nameof(ApprovalFunctions.DecideApproval), nameof(ToolResultFunctions.AnswerToolCall), nameof(McpFunctions.CallMcp),
        nameof(ConversationFunctions.DeleteConversation),
        nameof(BatchFunctions.CreateBatch), nameof(BatchFunctions.CancelBatch), nameof(BatchFunctions.RetryBatch), nameof(BatchFunctions.DeleteBatch));

    /// <returns>The caller, who may call the function as far as the key is concerned.</returns>
    /// <exception cref="ForbiddenException">The key is not for this.</exception>
    public static Caller Require(Caller caller, string function)
    {
        if (caller.Key is null || Reading.Contains(function))
        {
            return caller;
        }

        if (!Running.Contains(function))
        {
            throw new ForbiddenException("An API key reads and runs agents; this needs an access token of your own.");
        }

        // A ticket's key has no scope, and a ticket opens a function for reading alone.
        return caller.Key.Scope is { CanRun: true }
            ? caller
            : throw new ForbiddenException("This API key is for reading; it starts and changes nothing.");
    }
}
