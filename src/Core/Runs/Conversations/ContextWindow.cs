using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Models;
using Yggdrasil.Models.Tokens;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Keeps prompts within the agent's budget: before each model call, what does not fit is left out or summarised.</summary>
internal sealed partial class ContextWindow(ConversationSummarizer summarizer, ToolGates gates, ILogger<ContextWindow> logger)
{
    /// <summary>More than any tool of ours is described in; an agent with many of them is counted.</summary>
    private const long MaxTokensPerTool = 2048;
    private const int MaxUncountedTools = 16;

    /// <summary>Makes what the model is shown next fit. What a summary took is recorded at once, because it has been paid.</summary>
    public async Task FitAsync(IRunJournal journal, Slice slice)
    {
        var (run, transcript) = (journal.Run, journal.Transcript);
        var policy = run.Agent.Context ?? ContextPolicy.Default;
        if (!ModelId.TryParse(run.Agent.Model, out var model) || FitsForSure(model, run, transcript.Messages, policy.MaxTokens))
        {
            return;
        }

        var overhead = TokenEstimator.Estimate(
            model, [], gates.Offered(run).Select(tool => tool.Declaration), run.Agent.Instructions, run.Agent.ResponseSchema);
        if (overhead + transcript.Messages.Sum(message => MessageSizes.Tokens(model, message)) <= policy.MaxTokens)
        {
            return;
        }

        var (all, summary) = (transcript.All, transcript.Summary);
        var budget = (long)(policy.MaxTokens * ContextCut.Refill) - overhead - (summary is null ? 0 : MessageSizes.Tokens(model, summary));
        var cut = ContextCut.Choose(all, [.. all.Select(message => MessageSizes.Tokens(model, message))], transcript.Start, budget);
        if (cut <= transcript.Start)
        {
            return;
        }

        LogCut(run.Id, cut - transcript.Start, all.Count - cut);
        var left = all.Skip(transcript.Start).Take(cut - transcript.Start).ToList();
        if (policy.Strategy == ContextStrategy.Summarize)
        {
            await SummarizeAsync(journal, left, cut, policy, slice);
        }
        else
        {
            transcript.LeaveOut(cut);
        }
    }

    /// <summary>
    /// Has what no longer fits summed up. Where that fails, it is left out without a summary, and the step says so: the run goes on. A summary
    /// that was given up leaves out nothing; only what it cost is recorded.
    /// </summary>
    private async Task SummarizeAsync(IRunJournal journal, IReadOnlyList<ChatMessage> left, int cut, ContextPolicy policy, Slice slice)
    {
        var (run, transcript) = (journal.Run, journal.Transcript);
        var (entry, obstacle) = await summarizer.SummarizeAsync(run, transcript.Summary, left, policy.MaxTokens, slice.Stop);
        if (entry.Status == StepStatus.Failed)
        {
            LogNotSummarised(run.Id, obstacle ?? "");
        }

        var covers = entry.Status == StepStatus.Cancelled ? transcript.Start : cut;
        await journal.CommitAsync(run with { Usage = run.Usage.AddModelCall(entry) }, [entry with { Covers = covers }], slice.Lost);
        slice.Stop.ThrowIfCancellationRequested();
    }

    /// <summary>Text never has more tokens than bytes: most prompts need not be counted at all.</summary>
    private static bool FitsForSure(ModelId model, Run run, IReadOnlyList<ChatMessage> messages, long maxTokens)
    {
        if (run.Agent.ResponseSchema is not null || run.Agent.McpTools is not null || run.Agent.Tools.Count > MaxUncountedTools)
        {
            return false;
        }

        var bound = Encoding.UTF8.GetByteCount(run.Agent.Instructions ?? "") + (run.Agent.Tools.Count * MaxTokensPerTool);
        foreach (var message in messages)
        {
            bound += message.Contents.All(content => content is TextContent)
                ? TokenEstimator.TokensPerMessage + message.Contents.Sum(content => Encoding.UTF8.GetByteCount(((TextContent)content).Text))
                : MessageSizes.Tokens(model, message);
            if (bound > maxTokens)
            {
                return false;
            }
        }

        return true;
    }

    [LoggerMessage(1101, LogLevel.Information, "Run {RunId}: {Left} messages no longer fit into the context; {Shown} are shown")]
    private partial void LogCut(string runId, int left, int shown);

    [LoggerMessage(1102, LogLevel.Warning, "Run {RunId}: what no longer fits could not be summarised ({Code}) and is left out")]
    private partial void LogNotSummarised(string runId, string code);
}
