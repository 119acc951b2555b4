using System.Runtime.CompilerServices;

namespace Yggdrasil.Client.Sending;

/// <summary>Reads the events of one run over as many connections as it takes.</summary>
/// <param name="transport">Opens them.</param>
/// <param name="start">Starts the run and answers its events; null for a run that there is.</param>
/// <param name="runId">The run, where there is one.</param>
/// <param name="after">The event that was seen last.</param>
internal sealed class EventReader(Transport transport, ApiRequest? start, string? runId, string? after)
{
    private const string MediaType = "text/event-stream";

    private string? _runId = runId;
    private string? _after = after;

    /// <summary>The events up to the run's last, none of them twice.</summary>
    public async IAsyncEnumerable<RunEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var connection = await transport.RepeatAsync(
                attempt => EventConnection.OpenAsync(transport, Request(), attempt, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (connection is null)
            {
                yield break;
            }

            await using (connection.ConfigureAwait(false))
            {
                while (await NextAsync(connection, cancellationToken).ConfigureAwait(false) is { } next)
                {
                    _after = next.EventId;
                    _runId ??= (next as RunStartedEvent)?.RunId;
                    yield return next;
                    if (next is RunEndedEvent)
                    {
                        yield break;
                    }
                }

                if (connection.IsEmpty)
                {
                    await Task.Delay(connection.Pause, transport.Time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private ApiRequest Request() => _runId is null
        ? start! with { Accept = MediaType }
        : ApiRequest.Get($"api/runs/{ApiRequest.Segment(_runId, nameof(runId))}/events") with { Accept = MediaType, LastEventId = _after };

    /// <returns>Null where the connection has ended, in whatever way: the next one begins where it did.</returns>
    private static async ValueTask<RunEvent?> NextAsync(EventConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.NextAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (Transport.IsCut(failure, cancellationToken))
        {
            return null;
        }
    }
}
