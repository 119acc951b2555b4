using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>The context of one replay of one instance: decides nothing itself, only remembers.</summary>
internal sealed class ReplayContext(
    InstanceRecord instance, ReplaySynchronizationContext thread, ILoggerFactory loggers) : TaskOrchestrationContext
{
    private static readonly DataConverter Converter = JsonDataConverter.Default;

    private readonly Dictionary<int, TaskCompletionSource<string?>> _open = [];
    private readonly List<int> _cancelledTimers = [];
    private DateTime _now;
    private bool _replaying;
    private int _guids;

    public override TaskName Name => instance.Name;

    public override string InstanceId => instance.Id;

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => _replaying;

    /// <summary>None: there are no sub-orchestrations.</summary>
    public override ParentOrchestrationInstance? Parent => null;

    public Decisions Decisions { get; } = new();

    public EventInbox Events { get; } = new(Converter);

    /// <summary>Activity calls and timers that have not ended: while there are any, the instance does not end either.</summary>
    public int OpenTasks => _open.Count;

    /// <summary>Timers that this step cancelled.</summary>
    public IReadOnlyList<int> CancelledTimers => _cancelledTimers;

    public (bool Requested, string? Input) Again { get; private set; }

    protected override ILoggerFactory LoggerFactory => loggers;

    public override T? GetInput<T>()
        where T : default
        => Converter.Deserialize<T>(instance.Input);

    public override async Task<TResult> CallActivityAsync<TResult>(
        TaskName name, object? input = null, TaskOptions? options = null)
    {
        RequireStep();
        ArgumentException.ThrowIfNullOrEmpty(name.Name, nameof(name));
        if (input is TaskOptions && options is null)
        {
            throw new ArgumentException("TaskOptions were given as the activity's input. Were they meant as options?", nameof(input));
        }

        Unsupported.Refuse(options?.Version is not null, "TaskOptions.Version");
        Unsupported.Refuse(options?.Tags?.Count > 0, "TaskOptions.Tags");
        Unsupported.Refuse(options?.Retry?.Handler is not null, "TaskOptions.FromRetryHandler");
        var serialized = Converter.Serialize(input);
        var result = options?.Retry?.Policy is { } policy
            ? await ActivityRetry.RunAsync(this, policy, () => CallOnce(name, serialized))
            : await CallOnce(name, serialized);
        return Converter.Deserialize<TResult>(result)!;
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        RequireStep();
        var taskId = Decisions.CreateTimer(fireAt.ToUniversalTime());
        var open = new TaskCompletionSource<string?>();
        _open.Add(taskId, open);
        using var registration = cancellationToken.Register(() => CancelTimer(taskId, open, cancellationToken));
        await open.Task;
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        RequireStep();
        var waiter = new EventWaiter<T>();
        Events.Wait(eventName, waiter);
        cancellationToken.Register(() => waiter.Cancel(cancellationToken));
        return waiter.Task;
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        RequireStep();
        Again = (true, Converter.Serialize(newInput));
        if (!preserveUnprocessedEvents)
        {
            Events.DiscardUnclaimed();
        }
    }

    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SendEvent(string instanceId, string eventName, object payload) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override void SetCustomStatus(object? customStatus) => throw Unsupported.Member();

    public override Guid NewGuid()
    {
        RequireStep();
        var seed = string.Create(CultureInfo.InvariantCulture, $"{InstanceId}_{_now:o}_{_guids++}");
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(seed)).AsSpan(0, 16));
    }

    public void BeginStep(DateTime now, bool replaying)
    {
        _now = now;
        _replaying = replaying;
    }

    public void Complete(int taskId, string? result)
    {
        if (_open.Remove(taskId, out var open))
        {
            open.SetResult(result);
        }
    }

    public void Fail(HistoryEvent failed)
    {
        if (_open.Remove(failed.TaskId, out var open))
        {
            var details = JsonSerializer.Deserialize<TaskFailureDetails>(failed.Data!)!;
            open.SetException(new TaskFailedException(failed.Name!, failed.TaskId, details));
        }
    }

    public void Raise(HistoryEvent raised)
    {
        // Once the code has asked to begin again, events belong to the next execution, even if somebody still waits.
        if (Again.Requested)
        {
            Events.Keep(raised);
        }
        else
        {
            Events.Deliver(raised);
        }
    }

    /// <summary>Whether the timer or call still matters after this step.</summary>
    public bool IsOpen(int taskId) => _open.ContainsKey(taskId);

    private Task<string?> CallOnce(TaskName name, string? input)
    {
        var open = new TaskCompletionSource<string?>();
        _open.Add(Decisions.CallActivity(name, input), open);
        return open.Task;
    }

    private void CancelTimer(int taskId, TaskCompletionSource<string?> timer, CancellationToken cancellationToken)
    {
        if (thread.IsLegal() && _open.Remove(taskId))
        {
            if (!_replaying)
            {
                _cancelledTimers.Add(taskId);
            }

            timer.SetCanceled(cancellationToken);
        }
    }

    private void RequireStep()
    {
        if (!thread.IsLegal())
        {
            throw new IllegalAwaitException();
        }
    }
}
