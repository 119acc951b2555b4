using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Operations.Health.Alerts;

namespace Yggdrasil.Operations.Errors;

/// <summary>
/// Writes down what was counted: every ten seconds, and after one second where it may be new. However many errors there
/// are, an instance makes two requests for each kind of them in that time.
/// </summary>
internal sealed partial class ErrorFlush(
    ErrorCounter errors, ErrorStore store, AlertWebhook webhook, TimeProvider time, ILogger<ErrorFlush> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IntervalOfUnknown = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(3);

    /// <summary>Writes down what waits now, and tells what is new. What storage does not take waits for the next time.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var (kind, sightings) in errors.Take())
        {
            try
            {
                using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                bounded.CancelAfter(Patience);
                var news = await store.AddAsync(kind, sightings, bounded.Token);
                errors.Written(kind);
                await TellAsync(kind, sightings, news, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                errors.Add(kind, sightings);
                LogNotWritten(failure.GetType().FullName);
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(LastPatience);
        try
        {
            await FlushAsync(bounded.Token);
        }
        catch (OperationCanceledException)
        {
            // Storage that does not answer must not hold up the end; what was counted in these seconds is lost.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await errors.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(errors.HasUnknown ? IntervalOfUnknown : Interval, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await FlushAsync(stoppingToken);
        }
    }

    private async Task TellAsync(ErrorFingerprint kind, ErrorSightings sightings, ErrorNews news, CancellationToken cancellationToken)
    {
        switch (news)
        {
            case ErrorNews.New:
                LogNew(kind.Id, kind.Kind, kind.Provider, kind.Place);
                break;
            case ErrorNews.Reappeared:
                LogReappeared(kind.Id, kind.Kind, kind.Provider, kind.Place);
                break;
            default:
                return;
        }

        var type = news == ErrorNews.New ? "error.new" : "error.reappeared";
        await webhook.SendAsync(
            new Alert(Ids.NewUnique(), type, kind.Id, sightings.Last, $"{kind.Kind} at {kind.Place}"), cancellationToken);
    }

    [LoggerMessage(8101, LogLevel.Warning, "A new kind of error, {Fingerprint}: {Kind} {Provider} at {Place}")]
    private partial void LogNew(string fingerprint, string kind, string provider, string place);

    [LoggerMessage(8102, LogLevel.Warning, "A kind of error that was resolved is there again, {Fingerprint}: {Kind} {Provider} at {Place}")]
    private partial void LogReappeared(string fingerprint, string kind, string provider, string place);

    [LoggerMessage(8103, LogLevel.Warning, "Errors could not be written down and wait for the next time ({ExceptionType})")]
    private partial void LogNotWritten(string? exceptionType);
}
