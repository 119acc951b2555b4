using Microsoft.Extensions.AI;
using Yggdrasil.Conversations;
using Yggdrasil.Limits;
using Yggdrasil.Providers;
using Yggdrasil.Providers.Cache;
using Yggdrasil.Providers.Profiles.Shaping;
using Yggdrasil.Runs.Events;
using Yggdrasil.Security.Redaction;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs;

/// <summary>One model call: from the transcript so far to the journal entry of the answer.</summary>
internal sealed class ModelStep(IModelClients clients, ResponseCache cache, ModelMeter meter, ToolGates gates, TimeProvider time)
{
    /// <summary>Asks for the next answer; whoever reads along is told what the model says while it says it, if the run streams.</summary>
    /// <returns>
    /// The entry; of a streamed answer that a cancellation or the deadline has cut off, as <see cref="StepStatus.Cancelled"/>, what was
    /// said of it; of one that the provider's content filter stopped, as <see cref="StepStatus.Failed"/>, what it cost and nothing else.
    /// </returns>
    /// <exception cref="ProviderException">No model of the agent could answer.</exception>
    /// <exception cref="OperationCanceledException">The call was given up, and nothing was said.</exception>
    public async Task<JournalEntry> AskAsync(IRunJournal journal, Slice slice)
    {
        var (run, transcript) = (journal.Run, journal.Transcript);
        var turn = run.Turns + 1;
        var startedAt = time.GetUtcNow();
        var started = time.GetTimestamp();
        var (response, isWhole) = run.Stream
            ? await StreamAsync(run, transcript, journal.Live, slice)
            : (await Client(run).GetResponseAsync(Prompt(run, transcript), Options(run), slice.Stop), true);
        var isFiltered = response.FinishReason == ChatFinishReason.ContentFilter;
        var answer = new JournalEntry
        {
            Kind = EntryKind.Model,
            Turn = turn,
            Status = isFiltered ? StepStatus.Failed : isWhole ? StepStatus.Completed : StepStatus.Cancelled,
            Epoch = run.Epoch,
            StartedAt = startedAt,
            Duration = time.GetElapsedTime(started),
            ServedBy = response.ModelId ?? run.Agent.Model,
            Messages = isFiltered ? [] : [Record(response, run.Id, turn)],
        };
        return meter.Measure(answer, response);
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
                    said.Add(update.Text);
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
        new(new ChatMessage(ChatRole.Assistant, string.Concat(updates.Select(update => update.Text))))
        {
            ModelId = updates.Select(update => update.ModelId).LastOrDefault(model => model is not null),
        };

    private RedactingChatClient Client(Run run)
    {
        var (model, fallbacks) = (Resolve(run.Agent.Model), run.Agent.Fallbacks.Select(Resolve).ToList());
        var client = clients.GetClient(model, fallbacks, LastServer(run));
        if (run.Agent.Cache is { } policy)
        {
            var pureTools = gates.Offered(run).Where(tool => tool.Pure).Select(tool => tool.Name).ToHashSet();
            client = new ResponseCachingChatClient(client, cache, ResponseCacheScope.Of(run, policy), [model, .. fallbacks], pureTools);
        }

        return new RedactingChatClient(client, run.Agent.Redaction);
    }

    /// <summary>The agent's models, for calls whose answers nobody asks for twice.</summary>
    internal RedactingChatClient UncachedClient(Run run) =>
        new(clients.GetClient(Resolve(run.Agent.Model), [.. run.Agent.Fallbacks.Select(Resolve)]), run.Agent.Redaction);

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
        Tools = [.. gates.Offered(run).Select(tool => tool.Declaration)],
        Temperature = run.Agent.Temperature,
        MaxOutputTokens = run.Agent.MaxOutputTokens,
        Reasoning = run.Agent.ReasoningEffort is { } effort ? new ReasoningOptions { Effort = (ReasoningEffort)effort } : null,
        AdditionalProperties = PromptAffinity.For(run.Caller.Owner.Partition, run.ConversationId ?? run.Id),
        ResponseFormat = run.Agent.ResponseSchema is { } schema ? ChatResponseFormat.ForJsonSchema(schema) : null,
    };

    /// <summary>The answer as one assistant message whose tool calls carry our ids instead of the provider's.</summary>
    private static ChatMessage Record(ChatResponse response, string runId, int turn)
    {
        var contents = new List<AIContent>();
        var calls = 0;
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
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
