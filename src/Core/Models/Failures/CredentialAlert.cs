using Microsoft.Extensions.Logging;

namespace Yggdrasil.Models.Failures;

/// <summary>
/// Tells operators that a provider refuses our credentials: no retry and no other caller will change that. At most once in
/// five minutes for each provider and process, however many calls meet it.
/// </summary>
internal sealed partial class CredentialAlert(string provider, TimeProvider time, ILogger<CredentialAlert> logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private long? _raised;

    public void Raise()
    {
        lock (_lock)
        {
            if (_raised is { } raised && time.GetElapsedTime(raised) < Interval)
            {
                return;
            }

            _raised = time.GetTimestamp();
        }

        LogRefused(provider);
    }

    [LoggerMessage(6010, LogLevel.Critical, "Provider {Provider} refuses our credentials: its key was revoked, is wrong or has no credit, or its identity has no access")]
    private partial void LogRefused(string provider);
}
