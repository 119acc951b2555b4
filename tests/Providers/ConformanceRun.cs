using Yggdrasil.Conformance.Checks;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Conformance;

/// <summary>Makes the checks one after another, each whole and streamed.</summary>
/// <param name="subject">The model under test.</param>
/// <param name="patience">How long one check may take in each way.</param>
internal sealed class ConformanceRun(Subject subject, TimeSpan patience)
{
    public static IReadOnlyList<Check> Checks { get; } = [.. AnswerChecks.All, .. HistoryChecks.All, .. ToolChecks.All];

    /// <param name="only">Names of the checks to make; empty for all that are not on request.</param>
    /// <exception cref="ConformanceException">There is no such check.</exception>
    public static IReadOnlyList<Check> Select(IReadOnlyList<string> only, bool all)
    {
        if (only.FirstOrDefault(name => !Checks.Any(check => check.Name == name)) is { } unknown)
        {
            throw new ConformanceException($"There is no check '{unknown}'. Checks: {string.Join(", ", Checks.Select(check => check.Name))}.");
        }

        return [.. Checks.Where(check => only.Count > 0 ? only.Contains(check.Name) : all || !check.OnRequest)];
    }

    /// <param name="checks">What is to be checked.</param>
    /// <param name="told">Is told of each result as it comes.</param>
    public async Task<IReadOnlyList<CheckResult>> RunAsync(
        IReadOnlyList<Check> checks, Action<CheckResult> told, CancellationToken cancellationToken)
    {
        List<CheckResult> results = [];
        foreach (var check in checks)
        {
            var result = new CheckResult(
                check,
                check.StreamedOnly ? null : await RunAsync(check, streamed: false, cancellationToken),
                await RunAsync(check, streamed: true, cancellationToken));
            results.Add(result);
            told(result);
        }

        return results;
    }

    private async Task<CheckOutcome> RunAsync(Check check, bool streamed, CancellationToken cancellationToken)
    {
        var dialogue = new Dialogue(subject, streamed);
        var started = TimeProvider.System.GetTimestamp();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(patience);
        var (held, note) = await JudgeAsync(check, dialogue, timeout.Token, cancellationToken);
        return new CheckOutcome(
            held, note, TimeProvider.System.GetElapsedTime(started), dialogue.InputTokens, dialogue.OutputTokens);
    }

    private async Task<(bool Held, string? Note)> JudgeAsync(
        Check check, Dialogue dialogue, CancellationToken timeout, CancellationToken cancelled)
    {
        try
        {
            return (true, await check.RunAsync(dialogue, timeout));
        }
        catch (CheckFailedException failure)
        {
            return (false, failure.Message);
        }
        catch (ProviderException failure)
        {
            return (false, $"{failure.Code}: {failure.Message}");
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            return (false, $"It took longer than {patience.TotalSeconds:0} s.");
        }
    }
}
