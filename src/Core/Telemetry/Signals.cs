namespace Yggdrasil.Telemetry;

/// <summary>Our own names in telemetry, beside those of <see cref="GenAi"/>: dashboards and alerts are built on them.</summary>
internal static class Signals
{
    /// <summary>The source of all spans.</summary>
    public const string Source = "Yggdrasil";

    /// <summary>Meters are this and those that begin with it.</summary>
    public const string Meter = "Yggdrasil";

    public const string ProviderMeter = "Yggdrasil.Providers";

    /// <summary>Attributes of spans and log records, and dimensions of metrics.</summary>
    internal static class Attributes
    {
        public const string RunId = "yggdrasil.run.id";
        public const string Turn = "yggdrasil.run.turn";
        public const string RunStatus = "yggdrasil.run.status";
        public const string StopReason = "yggdrasil.run.stop_reason";

        /// <summary>Grows by one each time the run changes hands; the slices of a run differ in it.</summary>
        public const string Epoch = "yggdrasil.run.epoch";

        public const string SliceEnd = "yggdrasil.slice.end";

        /// <summary>A hash of tenant and user: tells owners apart and names none.</summary>
        public const string Owner = "yggdrasil.owner";

        public const string ToolStatus = "yggdrasil.tool.status";
        public const string EntryKind = "yggdrasil.journal.kind";
        public const string Provider = "yggdrasil.provider";
        public const string OriginalModel = "yggdrasil.model.original";
        public const string FailedModel = "yggdrasil.model.failed";
        public const string ActiveModel = "yggdrasil.model.active";

        /// <summary>Why a reported use is doubted.</summary>
        public const string UsageDoubt = "yggdrasil.usage.doubt";

        public const string Queue = "yggdrasil.queue";
        public const string Limit = "yggdrasil.limit";

        /// <summary>Polly's name of what it did.</summary>
        public const string Event = "event";

        public const string Function = "faas.name";
        public const string Trigger = "faas.trigger";
        public const string Method = "http.request.method";
        public const string StatusCode = "http.response.status_code";
    }

    internal static class Metrics
    {
        public const string RequestDuration = "yggdrasil.request.duration";
        public const string QuotaRejections = "yggdrasil.quota.rejections";
        public const string ActiveUsers = "yggdrasil.users.active";
        public const string RunsStarted = "yggdrasil.runs.started";
        public const string RunDuration = "yggdrasil.run.duration";
        public const string RunCost = "yggdrasil.run.cost";
        public const string RunQueueDuration = "yggdrasil.run.queue.duration";
        public const string Slices = "yggdrasil.run.slices";
        public const string ToolDuration = "yggdrasil.tool.duration";
        public const string JournalEntries = "yggdrasil.journal.entries";
        public const string JournalCommits = "yggdrasil.journal.commits";
        public const string JournalReplayed = "yggdrasil.journal.replayed";
        public const string ProviderEvents = "yggdrasil.provider.resilience.events";
        public const string ProviderCallDuration = "yggdrasil.provider.call.duration";
        public const string ProviderFallbacks = "yggdrasil.provider.fallbacks";
        public const string UsageDoubts = "yggdrasil.provider.usage.doubts";

        /// <summary>0 closed, 1 half-open, 2 open.</summary>
        public const string ProviderBreakerState = "yggdrasil.provider.breaker.state";

        public const string QueueAge = "yggdrasil.queue.age";
        public const string QueueMessages = "yggdrasil.queue.messages";
    }
}
