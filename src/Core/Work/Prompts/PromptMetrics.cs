using System.Diagnostics.Metrics;

namespace Yggdrasil.Work.Prompts;

/// <summary>What became of prompts, as metrics of the meter <c>Yggdrasil.Prompts</c>.</summary>
internal sealed class PromptMetrics
{
    public const string MeterName = "Yggdrasil.Prompts";

    private readonly Counter<long> _accepted;
    private readonly Counter<long> _deferred;
    private readonly Counter<long> _poisoned;

    public PromptMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _accepted = meter.CreateCounter<long>("yggdrasil.prompts.accepted", "{prompt}", "Prompts that became a run, or were found to be one already.");
        _deferred = meter.CreateCounter<long>("yggdrasil.prompts.deferred", "{prompt}", "Prompts that were put off because of a limit.");
        _poisoned = meter.CreateCounter<long>("yggdrasil.prompts.poisoned", "{prompt}", "Prompts that were given up and recorded for an operator.");
    }

    public void Accepted() => _accepted.Add(1);

    /// <param name="code">The limit's.</param>
    public void Deferred(string code) => _deferred.Add(1, new KeyValuePair<string, object?>("error.type", code));

    public void Poisoned(string code) => _poisoned.Add(1, new KeyValuePair<string, object?>("error.type", code));
}
