using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Prices;
using Yggdrasil.Telemetry;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Models.Tracing;

/// <summary>A model call under way: its span, and what is measured when it has ended.</summary>
internal sealed class ChatCall : IDisposable
{
    private static readonly Meter Meter = new(Signals.Meter);

    private static readonly Histogram<long> TokenUsage = Meter.CreateHistogram(
        GenAi.Metrics.TokenUsage, "{token}", "Tokens of model calls.", advice: new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
        });

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
    };

    private static readonly Histogram<double> OperationDuration = Meter.CreateHistogram(
        GenAi.Metrics.OperationDuration, "s", "Model calls, fallbacks and retries included.", advice: Seconds);

    private static readonly Histogram<double> TimeToFirstChunk = Meter.CreateHistogram(
        GenAi.Metrics.TimeToFirstChunk, "s", "Until a streamed answer began.", advice: Seconds);

    private readonly Activity? _span;
    private readonly TagList _tags;
    private readonly long _started = Stopwatch.GetTimestamp();
    private bool _hasBegun;
    private bool _hasEnded;

    private ChatCall(Activity? span, ModelId model)
    {
        _span = span;
        _tags = new TagList
        {
            { GenAi.OperationName, GenAi.Operations.Chat },
            { GenAi.ProviderName, GenAi.ProviderNameOf(model.Provider) },
            { GenAi.RequestModel, model.Model },
        };
    }

    /// <param name="asker">The span it is a child of, wherever it is made.</param>
    public static ChatCall Begin(ModelId model, Activity? asker, RunContext? run, ChatOptions? options, bool streaming)
    {
        var call = new ChatCall(
            Spans.Source.StartActivity($"{GenAi.Operations.Chat} {model.Model}", ActivityKind.Client, asker?.Context ?? default), model);
        call.Describe(run, options, streaming);
        return call;
    }

    /// <summary>Makes its span current for what the calling method does.</summary>
    public void Enter()
    {
        if (_span is not null)
        {
            Activity.Current = _span;
        }
    }

    public void Asked(string content) => _span?.SetTag(GenAi.InputMessages, content);

    /// <summary>Part of an answer arrived.</summary>
    public void Updated()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        var seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
        _span?.SetTag(GenAi.ResponseTimeToFirstChunk, seconds);
        TimeToFirstChunk.Record(seconds, _tags);
    }

    public void Restarted(ModelRestart restart) => _span?.AddEvent(new ActivityEvent("model.restarted", tags: new ActivityTagsCollection
    {
        [Attributes.FailedModel] = restart.Failed,
        [GenAi.ErrorType] = restart.Code,
    }));

    public void Answered(ChatOutcome outcome, string? content)
    {
        var tags = _tags;

        // As configured: what providers say is any number of names.
        tags.Add(GenAi.ResponseModel, outcome.Model);
        End(tags);
        RecordTokens(tags, GenAi.TokenTypes.Input, outcome.Usage?.InputTokenCount);
        RecordTokens(tags, GenAi.TokenTypes.Output, outcome.Usage?.OutputTokenCount);
        _span?
            .SetTag(GenAi.ResponseModel, outcome.ResponseModel ?? outcome.Model)
            .SetTag(GenAi.ResponseId, outcome.ResponseId)
            .SetTag(GenAi.ResponseFinishReasons, outcome.FinishReason is { } reason ? new[] { reason.Value } : null)
            .SetTag(GenAi.UsageInputTokens, outcome.Usage?.InputTokenCount)
            .SetTag(GenAi.UsageOutputTokens, outcome.Usage?.OutputTokenCount)
            .SetTag(GenAi.UsageCacheReadInputTokens, outcome.Usage?.CachedInputTokenCount)
            .SetTag(GenAi.UsageCacheCreationInputTokens, outcome.Usage?.AdditionalCounts is { } counts && counts.TryGetValue(ModelPrice.Written, out var written) ? written : null)
            .SetTag(GenAi.UsageReasoningOutputTokens, outcome.Usage?.ReasoningTokenCount)
            .SetTag(GenAi.OutputMessages, content);
    }

    /// <remarks>Whoever gives a call up has not seen it fail: that is no error of the model's.</remarks>
    public void Failed(Exception failure)
    {
        var type = failure switch
        {
            ProviderException provider => provider.Code,
            OperationCanceledException => null,
            _ => failure.GetType().FullName,
        };
        var tags = _tags;
        if (type is not null)
        {
            tags.Add(GenAi.ErrorType, type);
            _span?.SetTag(GenAi.ErrorType, type).SetStatus(ActivityStatusCode.Error);
        }

        End(tags);
    }

    public void Dispose()
    {
        // A stream that its reader leaves has neither been answered nor failed.
        if (!_hasEnded)
        {
            End(_tags);
        }

        _span?.Dispose();
    }

    private void Describe(RunContext? run, ChatOptions? options, bool streaming)
    {
        if (_span is null)
        {
            return;
        }

        foreach (var (name, value) in _tags)
        {
            _span.SetTag(name, value);
        }

        _span
            .SetTag(GenAi.AgentId, run?.AgentId)
            .SetTag(GenAi.ConversationId, run?.ConversationId)
            .SetTag(Attributes.RunId, run?.RunId)
            .SetTag(Attributes.Turn, run?.Turn + 1)
            .SetTag(Attributes.Owner, run?.Owner)
            .SetTag(GenAi.RequestStream, streaming ? true : null)
            .SetTag(GenAi.RequestTemperature, options?.Temperature)
            .SetTag(GenAi.RequestMaxTokens, options?.MaxOutputTokens)
            .SetTag(GenAi.OutputType, options?.ResponseFormat is ChatResponseFormatJson ? "json" : null);
    }

    private void End(in TagList tags)
    {
        _hasEnded = true;
        OperationDuration.Record(Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
    }

    private static void RecordTokens(TagList tags, string type, long? count)
    {
        if (count is { } tokens)
        {
            tags.Add(GenAi.TokenType, type);
            TokenUsage.Record(tokens, tags);
        }
    }
}
