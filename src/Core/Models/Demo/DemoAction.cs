namespace Yggdrasil.Models.Demo;

/// <summary>Something a prompt asks for that takes a tool.</summary>
/// <param name="Tool">The tool to call.</param>
/// <param name="Subject">What it is about, in the prompt's words: an expression, a place, an address.</param>
/// <param name="Arguments">The arguments of the call.</param>
internal sealed record DemoAction(string Tool, string Subject, IReadOnlyDictionary<string, object?> Arguments)
{
    public const string Calculator = "calculator";
    public const string Clock = "clock";
    public const string HttpGet = "http_get";
    public const string HttpPost = "http_post";

    /// <summary>What the tools that are agents are named with.</summary>
    public const string AgentPrefix = "agent_";

    /// <summary>True where the prompt named the tool itself, so that no sentence of the tool's own is fitting.</summary>
    public bool IsNamed { get; private init; }

    /// <summary>What is wrong with the prompt; nothing is called then.</summary>
    public string? Mistake { get; private init; }

    public static DemoAction Call(string tool, IReadOnlyDictionary<string, object?> arguments) => new(tool, tool, arguments) { IsNamed = true };

    public static DemoAction Refuse(string mistake) => new("", "", new Dictionary<string, object?>()) { Mistake = mistake };

    public static DemoAction Ask(string agent, string input) =>
        new(AgentPrefix + agent, input, new Dictionary<string, object?> { ["input"] = input });

    public static DemoAction Calculate(string expression) =>
        new(Calculator, expression, new Dictionary<string, object?> { ["expression"] = expression });

    public static DemoAction TellTime(string place, string timeZone) =>
        new(Clock, place, new Dictionary<string, object?> { ["timeZone"] = timeZone });

    public static DemoAction Fetch(string url) =>
        new(HttpGet, url, new Dictionary<string, object?> { ["url"] = url });

    public static DemoAction Post(string url, string body) =>
        new(HttpPost, url, new Dictionary<string, object?> { ["url"] = url, ["body"] = body });
}
