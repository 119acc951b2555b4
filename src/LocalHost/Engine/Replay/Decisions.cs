using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>
/// What the code has decided and history does not hold (yet): activity calls and timers, numbered in order. Every step's
/// decisions are in history right after it, so a replay has to make exactly these, no fewer and no more.
/// </summary>
internal sealed class Decisions
{
    private readonly SortedDictionary<int, (HistoryEvent Line, string? Input)> _unrecorded = [];
    private int _next;

    /// <summary>In the order in which they were made.</summary>
    public IEnumerable<(HistoryEvent Line, string? Input)> Unrecorded => _unrecorded.Values;

    public int CallActivity(string name, string? input)
        => Add(taskId => new HistoryEvent(HistoryKind.ActivityScheduled, taskId, name, Fingerprint(input)), input);

    public int CreateTimer(DateTime due)
        => Add(taskId => new HistoryEvent(HistoryKind.TimerCreated, taskId, At: due), null);

    /// <exception cref="NonDeterministicOrchestrationException">The code did not decide this.</exception>
    public void Confirm(HistoryEvent recorded)
    {
        if (!_unrecorded.Remove(recorded.TaskId, out var decision))
        {
            throw new NonDeterministicOrchestrationException($"History has {Describe(recorded)}; the replay has nothing.");
        }

        var line = decision.Line;
        if (line.Kind != recorded.Kind || !string.Equals(line.Name, recorded.Name, StringComparison.OrdinalIgnoreCase))
        {
            throw new NonDeterministicOrchestrationException(
                $"History has {Describe(recorded)}; the replay has {Describe(line)}.");
        }

        // Stricter than the genuine host, on purpose: a clock or a GUID that slips into an input is found here, not in
        // production after the first crash.
        if (line.Data != recorded.Data || line.At != recorded.At)
        {
            throw new NonDeterministicOrchestrationException(
                $"History has {Describe(recorded)}; the replay has it with another input or time.");
        }
    }

    /// <exception cref="NonDeterministicOrchestrationException">The code decided more than history has.</exception>
    public void RequireAllRecorded()
    {
        foreach (var (line, _) in _unrecorded.Values)
        {
            throw new NonDeterministicOrchestrationException($"The replay has {Describe(line)}; history has not.");
        }
    }

    private static string? Fingerprint(string? input)
        => input is null ? null : Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(input)).AsSpan(0, 8));

    private static string Describe(HistoryEvent line) => line.Kind == HistoryKind.TimerCreated
        ? string.Create(CultureInfo.InvariantCulture, $"a timer as #{line.TaskId}")
        : string.Create(CultureInfo.InvariantCulture, $"activity '{line.Name}' as #{line.TaskId}");

    private int Add(Func<int, HistoryEvent> line, string? input)
    {
        var taskId = _next++;
        _unrecorded.Add(taskId, (line(taskId), input));
        return taskId;
    }
}
