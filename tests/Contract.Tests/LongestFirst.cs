using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Yggdrasil.Contract.Tests.LongestFirst", "Yggdrasil.Contract.Tests")]

namespace Yggdrasil.Contract.Tests;

/// <summary>Begins with the collections that take longest, so that none of them is still running when the others have ended.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(CrashTests), nameof(ControlCrashTests), nameof(ConversationBurstOfTwoInstancesTests), SharedLocalHost.Name, RunsHost.Name, WorkHost.Name,
        JwtLocalHost.Name, UsersHost.Name, nameof(FutureRowsTests), nameof(IsolationTests), nameof(BatchCrashTests),
        nameof(LateStartTests), nameof(StorageOutageTests), nameof(ProviderCases.ProviderCaseTests), nameof(EventReaderTests),
    ];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(Rank).ThenBy(collection => collection.DisplayName, StringComparer.Ordinal);

    // The collection of a class that is in none is called "Test collection for" and the class's full name.
    private static int Rank(ITestCollection collection) => Array.FindIndex(
        Longest, name => collection.DisplayName == name || collection.DisplayName.EndsWith($".{name}", StringComparison.Ordinal)) is var rank and >= 0
        ? rank
        : Longest.Length;
}
