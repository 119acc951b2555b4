using OpenTelemetry;
using OpenTelemetry.Logs;

namespace Yggdrasil.Telemetry;

/// <summary>Says of each exported log record for which run, turn and owner it was written.</summary>
/// <remarks>Not scopes: whatever else is in scope, such as a request's path with a user's id in it, would be exported with them.</remarks>
internal sealed class RunLogAttributes : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        if (RunContext.Current is { } run)
        {
            data.Attributes =
            [
                .. data.Attributes ?? [],
                new(Signals.Attributes.RunId, run.RunId),
                new(Signals.Attributes.Turn, run.Turn),
                new(Signals.Attributes.Owner, run.Owner),
            ];
        }
    }
}
