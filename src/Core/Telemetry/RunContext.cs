using Yggdrasil.Runs;

namespace Yggdrasil.Telemetry;

/// <summary>The run that the present flow of execution works for: what log records and spans below it are told to belong to.</summary>
internal sealed class RunContext
{
    private static readonly AsyncLocal<RunContext?> Flow = new();

    private readonly IRunJournal _journal;

    private RunContext(IRunJournal journal) => (_journal, Owner) = (journal, OwnerOf(journal.Run));

    public static RunContext? Current => Flow.Value;

    public Run Run => _journal.Run;

    /// <summary>A hash, never the user.</summary>
    public string Owner { get; }

    /// <summary>Model calls recorded so far, and so the number of the one before that which is being made.</summary>
    public int Turn => _journal.Run.Turns;

    /// <summary>Says until the calling method returns that it and what it calls works for a run.</summary>
    public static void Enter(IRunJournal journal) => Flow.Value = new RunContext(journal);

    public static string OwnerOf(Run run) => Ids.OwnerHandle(run.Caller.Owner.Partition);
}
