using System.Diagnostics;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;

namespace Yggdrasil.Models.Clients;

/// <summary>One call: who is still to be asked, and what those said who were.</summary>
/// <param name="original">The model that the agent names.</param>
/// <param name="candidates">Who is asked, in order; at least one.</param>
internal sealed class FallbackChain(string original, IReadOnlyList<ModelCandidate> candidates, FallbackTelemetry telemetry)
{
    // Those whose stream broke. Rarely needed, and a chain is made for every call.
    private List<ModelCandidate>? _again;
    private List<ProviderException>? _failures;
    private int _next;

    private bool IsAtEnd => _next == candidates.Count + (_again?.Count ?? 0);

    /// <summary>Who is asked now; only while neither <see cref="Failed"/> nor <see cref="Broke"/> has thrown.</summary>
    public ModelCandidate Next() => At(_next++);

    /// <summary>Goes on to the next candidate after one that gave no answer.</summary>
    /// <exception cref="ProviderException">No other is to be asked.</exception>
    public void Failed(ModelCandidate candidate, ProviderException failure)
    {
        CallLedger.Current?.Failed(ModelFailure.Of(candidate.Name, failure));
        if (failure.Failure == FailureClass.Stop)
        {
            throw Refusal(candidate, failure);
        }

        (_failures ??= []).Add(failure);
        if (IsAtEnd)
        {
            telemetry.Failed(candidate.Name, failure);
            throw NobodyAnswered(_failures);
        }

        telemetry.FellBack(original, candidate.Name, At(_next).Name, failure);
    }

    /// <summary>Goes on to the next candidate after one that broke off its answer.</summary>
    /// <returns>What to tell whoever has read its beginning.</returns>
    /// <exception cref="ProviderException">No other is to be asked.</exception>
    public ModelRestart Broke(ModelCandidate candidate, ProviderException failure)
    {
        if (failure.Failure == FailureClass.RetrySame && (_again?.Count(other => other == candidate) ?? 0) < candidate.RetryAttempts)
        {
            (_again ??= []).Add(candidate);
        }

        Failed(candidate, failure);
        return new ModelRestart(candidate.Name, failure.Code);
    }

    private ModelCandidate At(int index) => index < candidates.Count ? candidates[index] : _again![index - candidates.Count];

    private ProviderException Refusal(ModelCandidate candidate, ProviderException failure)
    {
        if (IsAtEnd)
        {
            telemetry.Failed(candidate.Name, failure);
            return failure;
        }

        telemetry.Refused(candidate.Name, failure);
        return failure.As(failure.Failure, $"{failure.Message} No other model was asked: the fault is not the provider's.", failure.RetryAfter, failure);
    }

    /// <summary>The first failure decides the code; the message tells of every attempt.</summary>
    private static ProviderException NobodyAnswered(List<ProviderException> failures) => failures switch
    {
        [var only] => only.As(FailureClass.NextProvider, only.Message, only.RetryAfter, only),
        [var first, ..] => first.As(
            FailureClass.NextProvider,
            string.Join(" ", failures.Select(failure => failure.Message).Distinct()),
            failures.Min(failure => failure.RetryAfter),
            new AggregateException(failures)),
        [] => throw new UnreachableException("No candidate failed, and none answered."),
    };
}
