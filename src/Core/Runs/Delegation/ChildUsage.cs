using Yggdrasil.Agents;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Delegation;

/// <summary>What a run and all the runs below it have used together.</summary>
internal sealed class ChildUsage(RunStore store)
{
    /// <summary>Runs looked at for one answer. Beyond them the sum would be of a part, so there is none.</summary>
    private const int MaxRuns = 500;

    /// <summary>The run with what it and those below it have used, where there are some and not too many.</summary>
    public async Task<Run> AddToAsync(Run run, CancellationToken cancellationToken) =>
        await SumAsync(run, cancellationToken) is { } sum ? run with { Usage = run.Usage with { WithChildren = sum } } : run;

    private async Task<RunUsage?> SumAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Turns == 0 || !run.Agent.Tools.Any(DelegateNames.IsDelegate))
        {
            return null;
        }

        var (sum, seen) = (run.Usage, 0);
        List<string> level = [run.Id];
        while (level.Count > 0)
        {
            var partition = run.Caller.Owner.Partition;
            var below = await Task.WhenAll(level.Select(id => store.FindChildrenAsync(partition, id, cancellationToken)));
            level = [.. below.SelectMany(ids => ids)];
            seen += level.Count;
            if (seen > MaxRuns)
            {
                return null;
            }

            var children = await Task.WhenAll(level.Select(id => store.FindHeadAsync(partition, id, cancellationToken)));
            sum = children.OfType<RunHead>().Aggregate(sum, (total, child) => total.Add(child.Usage));
        }

        return seen > 0 ? sum with { WithChildren = null } : null;
    }
}
