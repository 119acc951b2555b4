using System.Collections.Concurrent;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Notifications;

/// <summary>Remembers whom it told of what, and fails as often as it is told to.</summary>
internal sealed class RecordedDelivery(string kind) : INoticeDelivery
{
    public string Kind => kind;

    public int Failures { get; set; }

    public ConcurrentQueue<(RunHead Ended, string Target)> Told { get; } = new();

    public Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken)
    {
        if (Failures > 0)
        {
            Failures--;
            throw new IOException("Nobody there.");
        }

        Told.Enqueue((ended, target));
        return Task.CompletedTask;
    }
}
