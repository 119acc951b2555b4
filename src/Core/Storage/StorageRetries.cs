using System.Diagnostics;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Yggdrasil.Storage;

/// <summary>Retries of Azure's clients, within the time that <see cref="StoragePatience"/> leaves where it is limited.</summary>
internal sealed class StorageRetries : RetryPolicy
{
    /// <summary>How long one attempt may take where nobody waits for an answer: much longer, and leases end meanwhile.</summary>
    public static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(20);

    private const string BeganAt = "Yggdrasil.BeganAt";

    /// <summary>When this service of the account last answered anybody here.</summary>
    private long _answeredAt;

    public StorageRetries()
        : base(maxRetries: 3)
    {
    }

    /// <summary>The one setting of every client of the account.</summary>
    public static T Bound<T>(T options)
        where T : ClientOptions
    {
        options.RetryPolicy = new StorageRetries();
        options.Retry.NetworkTimeout = AttemptTimeout;
        return options;
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (StoragePatience.Current is not { } patience)
        {
            await base.ProcessAsync(message, pipeline).ConfigureAwait(false);
            Note(message);
            return;
        }

        var began = Stopwatch.GetTimestamp();
        message.SetProperty(BeganAt, began);
        try
        {
            await base.ProcessAsync(message, pipeline).ConfigureAwait(false);
        }
        catch
        {
            patience.Failed(Stopwatch.GetElapsedTime(began));
            throw;
        }

        if (Note(message))
        {
            patience.Succeeded();
        }
    }

    /// <returns>Whether the service answered.</returns>
    private bool Note(HttpMessage message)
    {
        if (!message.HasResponse || message.Response.Status >= 500)
        {
            return false;
        }

        Interlocked.Exchange(ref _answeredAt, Stopwatch.GetTimestamp());
        return true;
    }

    protected override ValueTask OnSendingRequestAsync(HttpMessage message)
    {
        if (TryGetLeft(message, out var left))
        {
            message.NetworkTimeout = left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1);
        }

        return base.OnSendingRequestAsync(message);
    }

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>

        // The pauses between attempts grow to seconds: half of the time has to be left for one of them and the attempt after it.
        TryGetLeft(message, out var left) && left < StoragePatience.Budget / 2 ? new(false) : base.ShouldRetryAsync(message, exception);

    private bool TryGetLeft(HttpMessage message, out TimeSpan left)
    {
        left = default;
        if (StoragePatience.Current is not { } patience || !message.TryGetProperty(BeganAt, out var began))
        {
            return false;
        }

        // Storage that answers others meanwhile is not away: it, or this machine, is busy. To read again does no harm then.
        var since = (long)began!;
        if (message.Request.Method == RequestMethod.Get && Stopwatch.GetElapsedTime(since) < AttemptTimeout)
        {
            since = Math.Max(since, Interlocked.Read(ref _answeredAt));
        }

        left = patience.Left - Stopwatch.GetElapsedTime(since);
        return true;
    }
}
