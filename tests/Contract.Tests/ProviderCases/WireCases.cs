namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Cases about how answers and failures come over the wire.</summary>
internal static class WireCases
{
    public static Dictionary<string, CaseExpectation> All { get; } = new()
    {
        ["22"] = new((outcome, _) => Assert.All(outcome.All, run => Assert.Equal(("completed", "391"), (run.Status, run.Output)))),
    };
}
