using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Protection.Secrets;

/// <summary>Loads the secrets at start and refreshes them from then on; sooner, with growing pauses, while the vault is down.</summary>
/// <remarks>
/// The start waits for the first attempt, but not for its success: with the vault down the app is live and not ready,
/// rather than restarted in a loop by its platform.
/// </remarks>
internal sealed partial class VaultRefresh(
    VaultSecrets secrets, KeyVaultOptions options, TimeProvider time, ILogger<VaultRefresh> logger) : BackgroundService
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource _attempted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await base.StartAsync(cancellationToken);
        try
        {
            await _attempted.Task.WaitAsync(StartPatience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            LogStartWithoutSecrets();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            failures = await TryRefreshAsync(stoppingToken) ? 0 : failures + 1;
            _attempted.TrySetResult();
            var pause = Pause(failures);
            if (failures > 0)
            {
                LogRetry(failures, secrets.State, pause);
            }

            await Task.Delay(pause, time, stoppingToken);
        }
    }

    private async Task<bool> TryRefreshAsync(CancellationToken stoppingToken)
    {
        // A vault that limits us may ask for any pause, which the client takes: it must not stop the refreshes.
        using var bound = new CancellationTokenSource(options.Refresh, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, stoppingToken);
        try
        {
            return await secrets.RefreshAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private TimeSpan Pause(int failures)
    {
        if (failures == 0)
        {
            return options.Refresh;
        }

        var growing = FirstPause * Math.Pow(2, Math.Min(failures - 1, 16));
        return growing < options.Refresh ? growing : options.Refresh;
    }

    [LoggerMessage(5110, LogLevel.Warning, "The vault has not answered within the start; requests that need its secrets fail until it does")]
    private partial void LogStartWithoutSecrets();

    [LoggerMessage(5111, LogLevel.Warning, "Secrets were not refreshed, {Failures} times in a row; they are {State}; the next attempt is in {Pause}")]
    private partial void LogRetry(int failures, SecretsState state, TimeSpan pause);
}
