using System.Globalization;

namespace Yggdrasil.Load.Scenarios;

/// <summary>The scenarios and how often each is played.</summary>
internal sealed class ScenarioMix
{
    public const string Default = "chat=50,tools=30,conversation=20";

    private static readonly Scenario[] Known =
    [
        new("chat", 0, InConversation: false, Prompts.Chat),
        new("tools", 0, InConversation: false, Prompts.Tools),
        new("conversation", 0, InConversation: true, Prompts.Conversation),
    ];

    private readonly int _total;

    private ScenarioMix(IReadOnlyList<Scenario> scenarios)
    {
        Scenarios = scenarios;
        _total = scenarios.Sum(scenario => scenario.Weight);
    }

    public IReadOnlyList<Scenario> Scenarios { get; }

    /// <param name="text"><c>name=weight</c>, separated by commas.</param>
    /// <exception cref="FormatException">A name is unknown or repeated, or a weight is no number from 0 to 1000; the message says which.</exception>
    public static ScenarioMix Parse(string text)
    {
        var scenarios = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Read).ToList();
        if (scenarios.GroupBy(scenario => scenario.Name).FirstOrDefault(group => group.Count() > 1) is { } repeated)
        {
            throw new FormatException($"'{repeated.Key}' is there twice.");
        }

        var played = scenarios.Where(scenario => scenario.Weight > 0).ToList();
        return played.Count > 0 ? new ScenarioMix(played) : throw new FormatException("At least one weight must be above 0.");
    }

    public Scenario Pick(Random random)
    {
        var ticket = random.Next(_total);
        foreach (var scenario in Scenarios)
        {
            if (ticket < scenario.Weight)
            {
                return scenario;
            }

            ticket -= scenario.Weight;
        }

        throw new InvalidOperationException("The weights do not add up.");
    }

    private static Scenario Read(string part)
    {
        var pair = part.Split('=', 2);
        var known = Array.Find(Known, scenario => scenario.Name == pair[0])
            ?? throw new FormatException($"'{pair[0]}' is no scenario; there are {string.Join(", ", Known.Select(scenario => scenario.Name))}.");
        return pair.Length == 2
            && int.TryParse(pair[1], NumberStyles.None, CultureInfo.InvariantCulture, out var weight) && weight <= 1000
            ? known with { Weight = weight }
            : throw new FormatException($"'{part}' must be {known.Name}=<0 to 1000>.");
    }
}
