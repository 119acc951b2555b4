using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Prompts;

/// <summary>Starts runs from prompts, as requests do. A prompt that cannot become a run is recorded for operators.</summary>
/// <remarks>
/// <code>
///   well-formed? ──no──────────────────────────────────────────► recorded
///        │yes
///   owner enabled, agent there, input fits? ──no───────────────► recorded
///        │yes
///   within limits, room in its conversation? ──no──► put off: a copy that is seen later; too old ──► recorded
///        │yes
///   run (the same one for the same owner and id)
/// </code>
/// Whatever else goes wrong is thrown: the queue delivers again, three times in all, and then hands the message to
/// <see cref="GiveUpAsync"/>. Each step may be repeated; a copy and its original are one prompt, because they have one id.
/// </remarks>
public sealed partial class PromptIntake
{
    /// <summary>For a conversation whose queue is full.</summary>
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(30);

    /// <summary>For storage that does not answer in time, or only others.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(5);

    private readonly RunService _runs;
    private readonly DisabledUsers _disabled;
    private readonly PoisonStore _poison;
    private readonly PromptQueues _queues;
    private readonly Deferral _deferral;
    private readonly PromptOptions _options;
    private readonly PromptMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal PromptIntake(
        RunService runs,
        DisabledUsers disabled,
        PoisonStore poison,
        PromptQueues queues,
        Deferral deferral,
        PromptOptions options,
        PromptMetrics metrics,
        TimeProvider time,
        ILogger<PromptIntake> logger)
    {
        (_runs, _disabled, _poison, _queues) = (runs, disabled, poison, queues);
        (_deferral, _options, _metrics, _time, _logger) = (deferral, options, metrics, time, logger);
    }

    /// <summary>Brings a prompt to one of its outcomes.</summary>
    public async Task AcceptAsync(PromptMessage prompt, PromptDelivery delivery, CancellationToken cancellationToken)
    {
        PromptRejection Rejected(string code, string detail) => new(code, detail, prompt.Id, prompt.Owner, prompt.AgentId);
        try
        {
            if (await _disabled.ContainsAsync(prompt.Owner, cancellationToken))
            {
                await RejectAsync(Rejected(PromptCodes.UserDisabled, "The user is disabled."), delivery, cancellationToken);
                return;
            }

            var started = await StartAsync(prompt, cancellationToken);
            _metrics.Accepted();
            LogAccepted(started.Run.Id, delivery.MessageId, started.Created);
        }
        catch (LimitException limit)
        {
            await DeferAsync(prompt, delivery, limit, limit.RetryAfter, cancellationToken);
        }
        catch (ConflictException busy) when (prompt.Request.ConversationId is not null)
        {
            // As many wait for the conversation as may, or it is just being deleted.
            await DeferAsync(prompt, delivery, busy, Busy, cancellationToken);
        }
        catch (Exception away) when (StorageOutage.Passes(away) && !cancellationToken.IsCancellationRequested)
        {
            // Others change the same rows, or storage is slow: nothing that an attempt should be lost for. Where it is away
            // altogether, putting it off fails as well, and is an attempt.
            await DeferAsync(prompt, delivery, StorageOutage.ToProblem(away), Away, cancellationToken);
        }
        catch (NotFoundException missing)
        {
            await RejectAsync(Rejected(PromptCodes.UnknownAgent, missing.Message), delivery, cancellationToken);
        }
        catch (InvalidRequestException invalid)
        {
            await RejectAsync(Rejected(invalid.Code, Describe(invalid)), delivery, cancellationToken);
        }
        catch (ProblemException problem)
        {
            await RejectAsync(Rejected(problem.Code, problem.Message), delivery, cancellationToken);
        }
    }

    /// <summary>Records a message that cannot become a run, and tells whoever waits for its result.</summary>
    public async Task RejectAsync(PromptRejection why, PromptDelivery delivery, CancellationToken cancellationToken)
    {
        await _poison.AddAsync(delivery, why, _time.GetUtcNow(), cancellationToken);
        if (why.PromptId is { } id)
        {
            await _queues.SendResultAsync(PromptResult.Of(id, why), cancellationToken);
        }

        _metrics.Poisoned(why.Code);
        LogPoisoned(delivery.MessageId, why.Code, delivery.Attempt, why.Owner?.Partition);
    }

    /// <summary>Records a message whose attempts are used up.</summary>
    /// <param name="prompt">What it said; it was well-formed.</param>
    public Task GiveUpAsync(PromptMessage prompt, PromptDelivery delivery, CancellationToken cancellationToken) => RejectAsync(
        new PromptRejection(
            PromptCodes.AttemptsExhausted,
            "It could not be accepted in three attempts, for a reason that is not its own; the log has it. Replay it when that is corrected.",
            prompt.Id,
            prompt.Owner,
            prompt.AgentId),
        delivery with { Attempt = PromptQueues.MaxAttempts },
        cancellationToken);

    private Task<StartedRun> StartAsync(PromptMessage prompt, CancellationToken cancellationToken)
    {
        // No Idempotency-Key of a request holds a line break, so the two never meet.
        var idempotency = new Idempotency($"{PromptQueues.Prompts}\n{prompt.Id}", prompt.RequestHash);
        var caller = new Caller(prompt.Owner, new HashSet<string>());
        var request = prompt.Request with { Notices = [.. prompt.Request.Notices, new RunNotice(PromptResultDelivery.KindName, prompt.Id)] };
        return _runs.StartAsync(caller, prompt.AgentId, request, idempotency, wait: TimeSpan.Zero, cancellationToken);
    }

    /// <summary>First the copy, then the original is done with: after a crash between the two there are two of one prompt.</summary>
    private async Task DeferAsync(
        PromptMessage prompt, PromptDelivery delivery, ProblemException why, TimeSpan delay, CancellationToken cancellationToken)
    {
        var since = _deferral.SinceOf(delivery.Body) ?? _time.GetUtcNow();
        if (_time.GetUtcNow() - since >= _options.DeferAtMost)
        {
            await RejectAsync(new PromptRejection(why.Code, why.Message, prompt.Id, prompt.Owner, prompt.AgentId), delivery, cancellationToken);
            return;
        }

        var shortest = TimeSpan.FromSeconds(1);
        delay = delay < shortest ? shortest : delay > _options.DeferAtMost ? _options.DeferAtMost : delay;
        await _queues.SendPromptAsync(_deferral.Add(delivery.Body, since), delay, cancellationToken);
        _metrics.Deferred(why.Code);
        LogDeferred(delivery.MessageId, why.Code, (long)delay.TotalSeconds, prompt.Owner.Partition);
    }

    private static string Describe(InvalidRequestException invalid) =>
        string.Join(" ", invalid.Errors.SelectMany(field => field.Value.Select(message => $"{field.Key}: {message}")));

    [LoggerMessage(1200, LogLevel.Information, "Run {RunId} is that of queue message {MessageId} (new: {IsNew})")]
    private partial void LogAccepted(string runId, string messageId, bool isNew);

    [LoggerMessage(1201, LogLevel.Information, "Queue message {MessageId} of {Owner} is put off by {Seconds} s: {Code}")]
    private partial void LogDeferred(string messageId, string code, long seconds, string owner);

    [LoggerMessage(1202, LogLevel.Error, "Queue message {MessageId} of {Owner} was given up at attempt {Attempt} and recorded as poison: {Code}")]
    private partial void LogPoisoned(string messageId, string code, long attempt, string? owner);
}
