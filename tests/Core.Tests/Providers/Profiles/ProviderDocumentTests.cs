using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Profiles;

namespace Yggdrasil.Tests.Providers.Profiles;

/// <summary>Keeps docs/providers.md and the guide's table of models true to the profiles.</summary>
public sealed partial class ProviderDocumentTests
{
    private const string RegenerateVariable = "UPDATE_PROVIDERS";
    private const string Begin = "<!-- profiles: generated -->";
    private const string End = "<!-- profiles: end -->";

    private static readonly string Document = Checkout.PathOf("docs", "providers.md");

    [Fact]
    public void Table_of_capabilities_is_the_profiles()
    {
        string[] generated = [Begin, "", .. Capabilities(), "", .. Models(), "", End];
        var written = File.ReadAllLines(Document).ToList();
        var (begin, end) = (written.IndexOf(Begin), written.IndexOf(End));
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1")
        {
            File.WriteAllText(Document, string.Concat([.. written[..begin].Select(Line), .. generated.Select(Line), .. written[(end + 1)..].Select(Line)]));
            return;
        }

        Assert.True(
            generated.SequenceEqual(written[begin..(end + 1)]),
            $"docs/providers.md differs; {RegenerateVariable}=1 dotnet test tests/Core.Tests --filter {nameof(ProviderDocumentTests)} writes it anew:\n"
            + string.Join('\n', generated.Except(written)));
    }

    [Fact]
    public void Guide_lists_every_built_in_provider_and_no_other()
    {
        var guide = File.ReadAllText(Checkout.PathOf("docs", "guide.md"));
        var table = guide[guide.IndexOf("| provider | settings |", StringComparison.Ordinal)..];
        var rows = table[..table.IndexOf("\n\n", StringComparison.Ordinal)].Split('\n').Skip(2);

        var listed = rows.SelectMany(row => Code().Matches(row.Split('|')[1]).Select(match => match.Groups[1].Value));

        Assert.Equal(BuiltInProvider.All.Select(provider => provider.Name).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_built_in_provider_has_a_profile_of_its_own()
    {
        var without = BuiltInProvider.All.Where(provider => provider.Type != ProviderType.Demo && BuiltInProfiles.Find(provider.Name) is null);

        Assert.Empty(without.Select(provider => provider.Name));
    }

    private static string Line(string line) => $"{line}\n";

    private static IEnumerable<string> Capabilities() =>
    [
        "| provider | ids of calls | names of tools | bound of the answer | left out | orders corrected | schema | schema beside tools | reasoning sent back | prompt cache | effort | first token, answer (s) |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        .. BuiltInProfiles.All.Select(profile => $"| `{profile.Name}` | {string.Join(" | ", Cells(profile))} |"),
    ];

    private static IEnumerable<string> Models() =>
    [
        "| model | differs in |",
        "|---|---|",
        .. from profile in BuiltInProfiles.All
           from model in profile.Models
           let differences = Cells(profile).Zip(Cells(model.Profile), Columns).Where(cell => cell.First != cell.Second).Select(cell => $"{cell.Third}: {cell.Second}")
           select $"| `{profile.Name}:{model.Pattern}` | {string.Join("; ", differences.DefaultIfEmpty("nothing"))} |",
    ];

    private static readonly string[] Columns =
        ["ids", "names", "bound", "left out", "orders", "schema", "schema beside tools", "reasoning", "cache", "effort", "time"];

    private static string[] Cells(ProviderProfile profile) =>
    [
        $"`{profile.CallIds}`",
        $"`{profile.ToolNames}`",
        $"`{profile.MaxTokensField}`",
        profile.RefusedFields.Count == 0 ? "" : string.Join(", ", profile.RefusedFields.Select(field => $"`{field}`")),
        profile.RefusedOrders == RefusedOrders.None
            ? ""
            : string.Join(", ", Enum.GetValues<RefusedOrders>().Where(order => order != RefusedOrders.None && profile.RefusedOrders.HasFlag(order)).Select(ProfileSettings.NameOf)),
        ProfileSettings.NameOf(profile.StructuredOutput),
        profile.SchemaWithTools ? "yes" : "words",
        Reasoning(profile),
        ProfileSettings.NameOf(profile.PromptCaching),
        Effort(profile),
        $"{profile.Timeouts.FirstToken}, {profile.Timeouts.Stream}",
    ];

    private static string Reasoning(ProviderProfile profile) => ProfileSettings.NameOf(profile.ReturnedReasoning)
        + (profile.MissingReasoning is { } text ? $", others' as `\"{text}\"`" : "")
        + (profile.MissingSignature is { } signature ? $", others' calls as `{signature}`" : "");

    private static string Effort(ProviderProfile profile) => profile.EffortForm is EffortForm.None
        ? "none"
        : $"{ProfileSettings.NameOf(profile.EffortForm)}: {profile.Efforts.None}, {profile.Efforts.Low}, {profile.Efforts.Medium}, {profile.Efforts.High}, {profile.Efforts.ExtraHigh}";

    [GeneratedRegex("`([a-z]+)`")]
    private static partial Regex Code();
}
