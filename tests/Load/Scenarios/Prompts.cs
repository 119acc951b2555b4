using System.Globalization;

namespace Yggdrasil.Load.Scenarios;

/// <summary>What virtual users say. Numbers by chance keep answers of caches out of the measurement.</summary>
internal static class Prompts
{
    private static readonly string[] Places = ["Oslo", "Tokyo", "London", "Sydney", "Paris", "Cairo", "Lima"];

    private static readonly string[] Questions =
    [
        "Say in one sentence what an idempotent request is.",
        "Name one reason to journal each step of an agent.",
        "How would you explain a circuit breaker to a new colleague, in two sentences?",
        "What is the difference between a queue and a topic, in one sentence?",
    ];

    private static readonly string[] Remarks =
    [
        "I am planning a week of hiking; ask me what you need to know.",
        "We are two, we like mountains, and we do not want to carry tents.",
        "The budget is modest, and we would rather take trains than planes.",
        "What would you drop if it rained for two days?",
        "Sum up what we have agreed so far.",
    ];

    public static string Chat(Random random, int turn) => $"(no. {Number(random)}) {Questions[random.Next(Questions.Length)]}";

    public static string Tools(Random random, int turn) =>
        $"What is {Number(random)}*{Number(random)}, and what time is it in {Places[random.Next(Places.Length)]}?";

    public static string Conversation(Random random, int turn) => $"(no. {Number(random)}) {Remarks[turn % Remarks.Length]}";

    private static string Number(Random random) => random.Next(100, 100_000).ToString(CultureInfo.InvariantCulture);
}
