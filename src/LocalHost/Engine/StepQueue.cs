using System.Threading.Channels;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>
/// Runs the steps of signalled instances: of one instance one at a time, of different ones side by side. An instance that
/// is signalled during its step gets another one after it.
/// </summary>
internal sealed class StepQueue(Action<string> runStep)
{
    private readonly Channel<string> _signalled = Channel.CreateUnbounded<string>();
    private readonly Dictionary<string, State> _states = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Task _loop = Task.CompletedTask;

    private enum State
    {
        Queued,
        Running,
        RunningAndSignalled,
    }

    public void Start() => _loop = Parallel.ForEachAsync(
        _signalled.Reader.ReadAllAsync(),
        new ParallelOptions { MaxDegreeOfParallelism = Math.Max(2, Environment.ProcessorCount) },
        (instanceId, _) =>
        {
            RunStep(instanceId);
            return ValueTask.CompletedTask;
        });

    public void Signal(string instanceId)
    {
        lock (_gate)
        {
            if (!_states.TryGetValue(instanceId, out var state))
            {
                _states[instanceId] = State.Queued;
                _signalled.Writer.TryWrite(instanceId);
            }
            else if (state == State.Running)
            {
                _states[instanceId] = State.RunningAndSignalled;
            }
        }
    }

    /// <summary>Takes no more signals and leaves those that wait: the next start finds them in the database.</summary>
    public void Close() => _signalled.Writer.TryComplete();

    /// <summary>Ends with the steps that are running; after <see cref="Close"/>.</summary>
    public Task Completion => _loop;

    private void RunStep(string instanceId)
    {
        lock (_gate)
        {
            _states[instanceId] = State.Running;
        }

        runStep(instanceId);
        lock (_gate)
        {
            if (_states[instanceId] == State.RunningAndSignalled)
            {
                _states[instanceId] = State.Queued;
                _signalled.Writer.TryWrite(instanceId);
            }
            else
            {
                _states.Remove(instanceId);
            }
        }
    }
}
