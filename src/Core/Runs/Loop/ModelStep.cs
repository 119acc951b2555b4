using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Profiles.Shaping;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Loop;

/// <summary>What a model call came to.</summary>
/// <param name="Entry">Its entry for the journal, with what was paid for it; null where nothing was sent.</param>
/// <param name="Failure">Why it gave no answer; null where it gave one, or was given up.</param>
internal sealed record ModelOutcome(JournalEntry? Entry, Exception? Failure = null)
{
    /// <summary>Where nothing was sent that has to be paid, or it was refused: the step that says so.</summary>
    public JournalEntry? Refused { get; init; }

    /// <summary>Whether the answer goes on where the model is asked again.</summary>
    public bool IsPaused { get; init; }
}

/// <summary>One model call: from the transcript so far to the journal entry of the answer.</summary>
/// <remarks>
/// Whatever becomes of a call that was sent, an entry comes of it: what was paid is never thrown away with what failed. Only a call
/// that was not sent may throw, to be made again.
/// </remarks>
internal sealed class ModelStep(IModelClients clients, ResponseCache cache, ModelMeter meter, ToolGates gates, TimeProvider time)
{
    /// <summary>Asks for the next answer; whoever reads along is told what the model says while it says it, if the run streams.</summary>
    /// <returns>
    /// The entry; of a call that was given up, as <see cref="StepStatus.Cancelled"/>, what was said of it where the run ends by that; of
    /// one that failed, as <see cref="StepStatus.Failed"/>, what it cost and nothing else, with the failure.
    /// </returns>
    /// <exception cref="OperationCanceledException">The call was given up before it was sent.</exception>
    public async Task<ModelOutcome> AskAsync(IRunJournal journal, Slice slice)
    {
        var (run, transcript) = (journal.Run, journal.Transcript);
        var ledger = CallLedger.Begin();
        var begun = new JournalEntry
        {
            Kind = EntryKind.Model, Turn = run.Turns + 1, Epoch = run.Epoch, StartedAt = time.GetUtcNow(), ServedBy = run.Agent.Model,
        };
        var started = time.GetTimestamp();
        try
        {
            var (response, isWhole) = run.Stream
                ? await StreamAsync(run, transcript, journal.Live, slice)
                : (await Client(run).GetResponseAsync(Prompt(run, transcript), Options(run), slice.Stop), true);
            if (!ledger.HasSent && !ResponseCache.IsCached(response))
            {
                // Clients of others keep no ledger.
                ledger.Add(ModelOf(response, run), Prompt(run, transcript), Options(run)).Answered(response);
            }

            var answer = Answer(begun with { Duration = time.GetElapsedTime(started) }, run, response, isWhole);
            answer = answer with { Failures = ledger.Failures };
            return new ModelOutcome(ResponseCache.IsCached(response) ? ModelMeter.MeasureCached(answer) : meter.Measure(answer, ledger))
            {
                IsPaused = FinishReasons.IsPaused(response),
            };
        }
        catch (Exception failure) when (ledger.HasSent)
        {
            var isGivenUp = failure is OperationCanceledException && slice.Stop.IsCancellationRequested;
            var step = begun.Unanswered(isGivenUp, time.GetElapsedTime(started)) with
            {
                ServedBy = ledger.Sent[^1].Model.ToString(),
                Failures = ledger.Failures,
            };
            return new ModelOutcome(meter.Measure(step, ledger), isGivenUp ? null : failure);
        }
        catch (ProviderException failure)
        {
            return new ModelOutcome(Entry: null, failure)
            {
                Refused = begun.Unanswered(isGivenUp: false, time.GetElapsedTime(started)) with { Failures = ledger.Failures },
            };
        }
    }

    /// <summary>The same answer as without streaming, told piece by piece on its way.</summary>
    private async Task<(ChatResponse Response, bool IsWhole)> StreamAsync(Run run, Transcript transcript, ILiveEvents live, Slice slice)
    {
        List<ChatResponseUpdate> updates = [];
        using var said = new TextBatch(live, run.Turns + 1, time);
        try
        {
            await foreach (var update in Client(run).GetStreamingResponseAsync(Prompt(run, transcript), Options(run), slice.Stop))
            {
                if (ModelRestart.Of(update) is not null)
                {
                    updates.Clear();
                    said.Restart();
                }
                else
                {
                    updates.Add(update);
                    said.Add(TextOf(update.Contents));
                }
            }
        }
        catch (OperationCanceledException) when ((slice.IsCancelled || slice.IsExpired) && updates.Exists(update => update.Text.Length > 0))
        {
            // Readers have seen it. Calls of tools are left out: nobody makes them any more.
            said.Flush();
            return (TextOf(updates), false);
        }

        said.Flush();
        return (updates.ToChatResponse(), true);
    }

    private static ChatResponse TextOf(List<ChatResponseUpdate> updates) =>
        new(new ChatMessage(ChatRole.Assistant, string.Concat(updates.Select(update => TextOf(update.Contents)))))
        {
            ModelId = updates.Select(update => update.ModelId).LastOrDefault(model => model is not null),
            AdditionalProperties = updates.Select(update => update.AdditionalProperties).FirstOrDefault(said => NamedModelChatClient.SaidBy(said) is not null),
        };

    /// <summary>What readers see: also what a model says in place of an answer.</summary>
    private static string TextOf(IList<AIContent> contents) => contents is [TextContent only]
        ? only.Text
        : string.Concat(contents.Select(content => content is TextContent text ? text.Text : FinishReasons.IsRefusal(content) ? ((ErrorContent)content).Message : null));

    private static JournalEntry Answer(JournalEntry begun, Run run, ChatResponse response, bool isWhole)
    {
        var reason = FinishReasons.Of(response);
        var message = isWhole ? Record(response, reason, run.Id, begun.Turn) : response.Messages[0];
        return begun with
        {
            // Cut off before it said anything, as by a filter, or ended without, it is no answer.
            Status = !isWhole ? StepStatus.Cancelled : message is null ? StepStatus.Failed : StepStatus.Completed,
            FinishReason = isWhole ? reason : null,
            ServedBy = response.ModelId ?? run.Agent.Model,
            ResponseModel = NamedModelChatClient.SaidBy(response),
            Messages = message is null ? [] : [message],
        };
    }

    private static ModelId ModelOf(ChatResponse response, Run run) =>
        ModelId.TryParse(response.ModelId ?? run.Agent.Model, out var model) ? model : new ModelId("unknown", "unknown");

    private RedactingChatClient Client(Run run)
    {
        var (model, fallbacks) = (Resolve(run.Agent.Model), run.Agent.Fallbacks.Select(Resolve).ToList());
        var client = clients.GetClient(model, fallbacks, LastServer(run));
        if (run.Agent.Cache is { } policy)
        {
            var pureTools = gates.Offered(run).Where(tool => tool.Pure).Select(tool => tool.Name).ToHashSet();
            client = new ResponseCachingChatClient(client, cache, CacheScopeOf(run, policy), [model, .. fallbacks], pureTools);
        }

        return new RedactingChatClient(client, run.Agent.Redaction);
    }

    /// <summary>The agent's models, for calls whose answers nobody asks for twice.</summary>
    internal RedactingChatClient UncachedClient(Run run) =>
        new(clients.GetClient(Resolve(run.Agent.Model), [.. run.Agent.Fallbacks.Select(Resolve)]), run.Agent.Redaction);

    /// <summary>Who shares the answers that this run's model gives.</summary>
    internal static ResponseCacheScope CacheScopeOf(Run run, CachePolicy policy)
    {
        var owner = run.Caller.Owner.Partition;
        return new ResponseCacheScope(
            // A run without a key was started before runs had one; then nobody else may have its answers.
            policy.Scope == CacheScope.Agent ? run.AgentKey ?? owner : owner,
            run.AgentKey ?? run.AgentId,
            run.AgentVersion,
            TimeSpan.FromSeconds(policy.TtlSeconds));
    }

    private List<ChatMessage> Prompt(Run run, Transcript transcript)
    {
        // What came before may hold calls of tools that another agent of the conversation had.
        var messages = gates.Offered(run).Any() ? transcript.Messages : ContextCut.WithoutTools(transcript.Messages);
        return run.Agent.Instructions is { Length: > 0 } instructions
            ? [new ChatMessage(ChatRole.System, instructions), .. messages]
            : [.. messages];
    }

    private ChatOptions Options(Run run) => new()
    {
        ToolMode = ModeOf(run),
        Tools = [.. gates.Offered(run).Select(tool => tool.Declaration)],
        Temperature = run.Agent.Temperature,
        TopP = run.Agent.TopP,
        MaxOutputTokens = run.Agent.MaxOutputTokens,
        Reasoning = run.Agent.ReasoningEffort is { } effort ? new ReasoningOptions { Effort = (ReasoningEffort)effort } : null,
        AdditionalProperties = PromptAffinity.For(run.Caller.Owner.Partition, run.ConversationId ?? run.Id),
        ResponseFormat = run.Agent.ResponseSchema is { } schema ? ChatResponseFormat.ForJsonSchema(schema) : null,
    };

    private RequiredChatToolMode? ModeOf(Run run) =>
        run.Agent.ToolChoice != ToolChoice.Required || run.Turns > run.InheritedTurns || !gates.Offered(run).Any() ? null
        : run.Agent.RequiredTool is { } tool ? ChatToolMode.RequireSpecific(tool)
        : ChatToolMode.RequireAny;

    /// <summary>The answer as one assistant message whose tool calls carry our ids instead of the provider's.</summary>
    /// <returns>Null where the answer says nothing that is kept.</returns>
    private static ChatMessage? Record(ChatResponse response, FinishReason reason, string runId, int turn)
    {
        var said = response.Messages.SelectMany(message => message.Contents);
        return reason switch
        {
            FinishReason.ContentFilter or FinishReason.Error => null,
            FinishReason.Refusal => TextOf([.. said]) is { Length: > 0 } words ? new ChatMessage(ChatRole.Assistant, words) : null,

            // Whoever was cut off in a call may have been cut off within its arguments, which would be valid all the same.
            FinishReason.Length => response.Text.AsSpan().Trim().IsEmpty ? null : Record(said.Where(content => content is not FunctionCallContent), runId, turn),
            // Thoughts alone, or nothing: what the model was to say stayed where nobody sees it.
            FinishReason.Stop when response.Text.AsSpan().Trim().IsEmpty => null,
            _ => Record(said, runId, turn),
        };
    }

    private static ChatMessage Record(IEnumerable<AIContent> said, string runId, int turn)
    {
        var contents = new List<AIContent>();
        var calls = 0;
        foreach (var content in said)
        {
            contents.Add(content is FunctionCallContent call
                ? UnreadableArguments.ToRecorded(call, Ids.WireToolCall(runId, Ids.ToolCall(turn, calls++)))
                : content);
        }

        return new ChatMessage(ChatRole.Assistant, contents);
    }

    /// <summary>A run stays with the model that answered last, until that fails: a change of model costs its cache and its manner.</summary>
    private static ModelId? LastServer(Run run) =>
        run.ServedBy is [.., var last] && ModelId.TryParse(last, out var id) ? id : null;

    /// <remarks>A run keeps the agent it was started with, so its provider may have gone from the configuration since.</remarks>
    private ModelId Resolve(string text) => ModelId.TryParse(text, out var id) && clients.Knows(id)
        ? id
        : throw new ProviderException(ProviderException.Unavailable, FailureClass.Stop, $"There is no provider for \"{text}\" any more.");
}
