using Yggdrasil.Foundation;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>Hands callbacks to the orchestrations that deliver them, so that nothing waits for a receiver.</summary>
internal sealed class CallbackOutbox(CallbackStore store, IRunScheduler scheduler, TimeProvider time)
{
    /// <summary>Sees to it that a row's callback is delivered. To do it again changes nothing.</summary>
    /// <param name="row">The key of the row that wants it.</param>
    /// <param name="occasion">What distinguishes the message from any other about a row of this key.</param>
    /// <param name="body">What to send, made once: ids and states, never content.</param>
    public async Task SendAsync(string partition, string row, string occasion, string body, CancellationToken cancellationToken)
    {
        var reference = new CallbackReference(partition, row, Ids.CallbackMessage(partition, row, occasion));
        switch ((await store.FindStateAsync(partition, row, cancellationToken))?.Status)
        {
            case CallbackStatus.Waiting:
                await store.BeginAsync(reference, body, time.GetUtcNow(), cancellationToken);
                await scheduler.ScheduleCallbackAsync(reference, cancellationToken);
                break;
            case CallbackStatus.Pending:
                await scheduler.ScheduleCallbackAsync(reference, cancellationToken);
                break;
        }
    }
}
