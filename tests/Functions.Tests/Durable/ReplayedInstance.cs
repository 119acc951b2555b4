using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Protobuf;
using Microsoft.DurableTask.Worker.Grpc;

namespace Yggdrasil.Functions.Tests.Durable;

/// <summary>
/// One orchestration on a clock of its own. Each step hands the whole history to the runner that the Functions worker uses, which
/// begins at the orchestrator's first line: nothing outlives a step but history, as if the worker crashed between any two.
/// </summary>
internal sealed class ReplayedInstance<TInput>
{
    private static readonly JsonDataConverter Converter = JsonDataConverter.Default;

    private readonly Func<TaskOrchestrationContext, Task> _orchestrator;
    private readonly string _name;
    private readonly Dictionary<string, Func<string, object?>> _activities = [];
    private readonly SortedSet<(DateTime FireAt, int Id)> _timers = [];
    private readonly List<HistoryEvent> _past = [];
    private readonly List<HistoryEvent> _new = [];
    private int _generation;
    private bool _crashes;

    public ReplayedInstance(string name, TInput input, Func<TaskOrchestrationContext, Task> orchestrator)
    {
        (_name, _orchestrator) = (name, orchestrator);
        Begin(Converter.Serialize(input));
    }

    public DateTime Now { get; private set; } = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    /// <summary>How often activities were called, by name.</summary>
    public Dictionary<string, int> Calls { get; } = [];

    /// <summary>Null while it runs.</summary>
    public OrchestrationStatus? End { get; private set; }

    /// <summary>The histories begun, the first one included.</summary>
    public int Generations => _generation;

    /// <param name="answer">What the activity answers, given its input as JSON and how often it was called; may throw.</param>
    public ReplayedInstance<TInput> Activity(string name, Func<string, int, object?> answer)
    {
        _activities.Add(name, input => answer(input, Calls[name] = Calls.GetValueOrDefault(name) + 1));
        return this;
    }

    /// <summary>From now on every activity is carried out a second time, its first answer lost with the worker that made it.</summary>
    public void LoseFirstAnswers() => _crashes = true;

    /// <summary>Carries out all that can be done without waiting.</summary>
    /// <returns>How long it then waits for its next timer; null when it has ended or waits for an event only.</returns>
    public TimeSpan? RunUntilIdle()
    {
        while (End is null && (_new.Count > 0 || (_timers.Count > 0 && _timers.Min.FireAt <= Now)))
        {
            if (_new.Count == 0)
            {
                // After the last attempt of several the SDK waits for no time at all.
                Fire();
            }

            Step();
        }

        return End is null && _timers.Count > 0 ? _timers.Min.FireAt - Now : null;
    }

    /// <summary>Lets the next timer fire, and carries out what follows.</summary>
    /// <returns>How long that took.</returns>
    public TimeSpan Sleep()
    {
        var pause = RunUntilIdle() ?? throw new InvalidOperationException("There is nothing to wait for.");
        Now = _timers.Min.FireAt;
        RunUntilIdle();
        return pause;
    }

    public void Raise(string name)
    {
        RunUntilIdle();
        Add(new HistoryEvent { EventRaised = new EventRaisedEvent { Name = name } });
        RunUntilIdle();
    }

    private void Begin(string? input)
    {
        _past.Clear();
        _timers.Clear();
        _generation++;
        Add(new HistoryEvent
        {
            ExecutionStarted = new ExecutionStartedEvent { Name = _name, Input = input, OrchestrationInstance = new OrchestrationInstance { InstanceId = "i1" } },
        });
    }

    private void Fire()
    {
        var (fireAt, id) = _timers.Min;
        _timers.Remove((fireAt, id));
        Add(new HistoryEvent { TimerFired = new TimerFiredEvent { TimerId = id, FireAt = Timestamp.FromDateTime(fireAt) } });
    }

    private void Step()
    {
        var request = new OrchestratorRequest { InstanceId = "i1" };
        request.PastEvents.AddRange(_past);
        request.NewEvents.Add(Stamped(new HistoryEvent { EventId = -1, OrchestratorStarted = new OrchestratorStartedEvent() }));
        request.NewEvents.AddRange(_new);
        var encoded = GrpcOrchestrationRunner.LoadAndRun<TInput, object>(
            Convert.ToBase64String(request.ToByteArray()),
            async (context, _) =>
            {
                await _orchestrator(context);
                return null;
            });
        var response = OrchestratorResponse.Parser.ParseFrom(Convert.FromBase64String(encoded));
        _past.AddRange(request.NewEvents);
        _new.Clear();
        foreach (var action in response.Actions)
        {
            Take(action);
        }
    }

    private void Take(OrchestratorAction action)
    {
        switch (action.OrchestratorActionTypeCase)
        {
            case OrchestratorAction.OrchestratorActionTypeOneofCase.ScheduleTask:
                var task = action.ScheduleTask;
                _past.Add(Stamped(new HistoryEvent
                {
                    EventId = action.Id,
                    TaskScheduled = new TaskScheduledEvent { Name = task.Name, Version = task.Version, Input = task.Input },
                }));
                Add(Run(action.Id, task));
                break;
            case OrchestratorAction.OrchestratorActionTypeOneofCase.CreateTimer:
                _past.Add(Stamped(new HistoryEvent { EventId = action.Id, TimerCreated = new TimerCreatedEvent { FireAt = action.CreateTimer.FireAt } }));
                _timers.Add((action.CreateTimer.FireAt.ToDateTime(), action.Id));
                break;
            case OrchestratorAction.OrchestratorActionTypeOneofCase.CompleteOrchestration:
                Complete(action.CompleteOrchestration);
                break;
            default:
                throw new InvalidOperationException($"The app's orchestrators do not ask for {action.OrchestratorActionTypeCase}.");
        }
    }

    private void Complete(CompleteOrchestrationAction action)
    {
        if (action.OrchestrationStatus != OrchestrationStatus.ContinuedAsNew)
        {
            End = action.OrchestrationStatus;
            return;
        }

        _new.Clear();
        Begin(action.Result);
        foreach (var carried in action.CarryoverEvents)
        {
            Add(carried);
        }
    }

    private HistoryEvent Run(int id, ScheduleTaskAction task)
    {
        var result = Attempt(id, task);
        return _crashes ? Attempt(id, task) : result;
    }

    private HistoryEvent Attempt(int id, ScheduleTaskAction task)
    {
        try
        {
            // The engine hands on a list of arguments, of which there is one; the worker's activity takes it out of the brackets.
            var answer = _activities[task.Name](task.Input[1..^1]);
            return new HistoryEvent { TaskCompleted = new TaskCompletedEvent { TaskScheduledId = id, Result = Converter.Serialize(answer) } };
        }
        catch (Functions.Durable.SliceFailedException failure)
        {
            return new HistoryEvent
            {
                TaskFailed = new TaskFailedEvent
                {
                    TaskScheduledId = id,
                    FailureDetails = new Microsoft.DurableTask.Protobuf.TaskFailureDetails
                    {
                        ErrorType = failure.GetType().FullName,
                        ErrorMessage = failure.Message,
                    },
                },
            };
        }
    }

    private void Add(HistoryEvent added)
    {
        if (added.EventId == 0)
        {
            added.EventId = -1;
        }

        _new.Add(Stamped(added));
    }

    private HistoryEvent Stamped(HistoryEvent history)
    {
        history.Timestamp = Timestamp.FromDateTime(Now);
        return history;
    }
}
