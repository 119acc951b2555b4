namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Cases about what providers take: ids, fields, orders of messages, and what has to come back.</summary>
internal static class ProfileCases
{
    public static Dictionary<string, CaseExpectation> All { get; } = [];
}
