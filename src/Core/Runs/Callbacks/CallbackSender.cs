using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Protection;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>Makes one attempt at a callback and records how it came out.</summary>
/// <remarks>
/// <code>
///   2xx                                 ──► delivered
///   410, URL that may not be asked      ──► failed, as is a channel that is not set up any more
///   anything else                       ──► again later, until a day is over: then failed
/// </code>
/// Redirects count as failures (Standard Webhooks): they would lead a signed message where its caller did not send it.
/// </remarks>
public sealed partial class CallbackSender
{
    private readonly CallbackStore _store;
    private readonly CallbackSecrets _secrets;
    private readonly CallbackHttp _http;
    private readonly NotificationOptions _notifications;
    private readonly ActivitySlots _slots;
    private readonly TimeProvider _time;
    private readonly ILogger<CallbackSender> _logger;

    internal CallbackSender(
        CallbackStore store, CallbackSecrets secrets, CallbackHttp http, NotificationOptions notifications, ActivitySlots slots, TimeProvider time,
        ILogger<CallbackSender> logger) =>
        (_store, _secrets, _http, _notifications, _slots, _time, _logger) = (store, secrets, http, notifications, slots, time, logger);

    /// <summary>Makes an attempt, if the owner has a slot for it.</summary>
    /// <param name="attempt">Which one it is, from 1.</param>
    public async Task<CallbackOutcome> AttemptAsync(CallbackReference reference, int attempt, CancellationToken cancellationToken)
    {
        var admission = await _slots.EnterAsync(reference.Partition, key: null, call: null, cancellationToken);
        if (admission.Slot is not { } slot)
        {
            return new CallbackOutcome((int)admission.Recheck.TotalSeconds, IsDeferred: true);
        }

        await using (slot)
        {
            return await AttemptInSlotAsync(reference, attempt, cancellationToken);
        }
    }

    private async Task<CallbackOutcome> AttemptInSlotAsync(CallbackReference reference, int attempt, CancellationToken cancellationToken)
    {
        PendingCallback? pending;
        try
        {
            pending = await _store.FindPendingAsync(reference, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return await GiveUpAsync(reference, attempt, ContentProtectionException.Code, cancellationToken);
        }

        if (pending is null)
        {
            // Another delivery of this attempt was faster, or the run was deleted.
            return CallbackOutcome.Done;
        }

        var attempts = pending.Attempts + 1;
        var (error, isFinal, asked) = await SendAsync(reference, pending, cancellationToken);
        if (error is null)
        {
            await _store.RecordAsync(reference, new CallbackState(CallbackStatus.Delivered, attempts, LastError: null), cancellationToken);
            LogDelivered(reference.MessageId, reference.Row, attempts);
            return CallbackOutcome.Done;
        }

        var pause = isFinal ? null : CallbackRetries.Next(attempt, asked, Random.Shared.NextDouble());
        if (pause is null || _time.GetUtcNow() + pause > pending.BegunAt + CallbackRetries.Patience)
        {
            return await GiveUpAsync(reference, attempts, error, cancellationToken);
        }

        await _store.RecordAsync(reference, new CallbackState(CallbackStatus.Pending, attempts, error), cancellationToken);
        LogFailed(reference.MessageId, reference.Row, attempts, error, pause.Value);
        return new CallbackOutcome((int)Math.Ceiling(pause.Value.TotalSeconds));
    }

    private async Task<CallbackOutcome> GiveUpAsync(CallbackReference reference, int attempts, string error, CancellationToken cancellationToken)
    {
        await _store.RecordAsync(reference, new CallbackState(CallbackStatus.Failed, attempts, error), cancellationToken);
        LogGivenUp(reference.MessageId, reference.Row, attempts, error);
        return CallbackOutcome.Done;
    }

    /// <returns>What went wrong, if anything did; whether it is no use to try again; when the receiver wants to be asked again.</returns>
    private async Task<(string? Error, bool IsFinal, TimeSpan? Asked)> SendAsync(
        CallbackReference reference, PendingCallback pending, CancellationToken cancellationToken)
    {
        var (url, secrets, isSigned) = await ReceiverOfAsync(reference, pending, cancellationToken);
        if (url is null)
        {
            return ("no_channel", true, null);
        }

        if (isSigned && secrets.Count == 0)
        {
            return ("no_secret", false, null);
        }

        try
        {
            var answer = await _http.PostAsync(RequestOf(reference, url, pending.Body, secrets), cancellationToken);
            return answer.Status switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => (null, true, null),
                HttpStatusCode.Gone => ("gone", true, null),
                _ => (string.Create(CultureInfo.InvariantCulture, $"http_{(int)answer.Status}"), false, answer.RetryAfter),
            };
        }
        catch (EgressException refused)
        {
            var isFinal = refused.Refusal is EgressRefusal.InvalidUrl or EgressRefusal.HostNotAllowed;
            return (JsonNamingPolicy.SnakeCaseLower.ConvertName(Shown(refused.Refusal).ToString()), isFinal, null);
        }
    }

    /// <summary>
    /// A name that leads to an internal address reads, and is tried again, like one that leads nowhere. Otherwise callers could ask for
    /// names until they know which of them this network has.
    /// </summary>
    private static EgressRefusal Shown(EgressRefusal refusal) =>
        refusal is EgressRefusal.AddressNotAllowed ? EgressRefusal.Unreachable : refusal;

    /// <summary>Where a message goes, and what it is signed with. Settings say it of a channel, as they are now.</summary>
    private async Task<(string? Url, IReadOnlyList<string> Secrets, bool IsSigned)> ReceiverOfAsync(
        CallbackReference reference, PendingCallback pending, CancellationToken cancellationToken)
    {
        if (pending.Channel is not { } name)
        {
            return (pending.Url, await _secrets.FindAsync(Owner.OfPartition(reference.Partition), cancellationToken), true);
        }

        return _notifications.Channels.GetValueOrDefault(name) is { } channel
            ? (channel.Url, channel.Secret is { Length: > 0 } secret ? [secret] : [], channel.Type is NotificationType.Webhook)
            : (null, [], false);
    }

    private GuardedRequest RequestOf(CallbackReference reference, string url, string body, IReadOnlyList<string> secrets)
    {
        var now = _time.GetUtcNow();
        return new GuardedRequest(HttpMethod.Post, url)
        {
            Body = Encoding.UTF8.GetBytes(body),
            ContentType = "application/json",
            Headers = new Dictionary<string, string>
            {
                ["webhook-id"] = reference.MessageId,
                ["webhook-timestamp"] = CallbackSignature.Timestamp(now),
                ["webhook-signature"] = CallbackSignature.Sign(secrets, reference.MessageId, now, body),
            },
        };
    }

    [LoggerMessage(7101, LogLevel.Information, "Callback {MessageId} about {Row} was delivered at attempt {Attempts}")]
    private partial void LogDelivered(string messageId, string row, int attempts);

    [LoggerMessage(7102, LogLevel.Warning, "Callback {MessageId} about {Row}: attempt {Attempts} failed ({Error}); the next is in {Pause}")]
    private partial void LogFailed(string messageId, string row, int attempts, string error, TimeSpan pause);

    [LoggerMessage(7103, LogLevel.Error, "Callback {MessageId} about {Row} was given up after {Attempts} attempts ({Error})")]
    private partial void LogGivenUp(string messageId, string row, int attempts, string error);
}
