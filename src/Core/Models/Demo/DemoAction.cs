namespace Yggdrasil.Models.Demo;

/// <summary>Something a prompt asks for that takes a tool.</summary>
/// <param name="Tool">The tool to call.</param>
/// <param name="Subject">What it is about, in the prompt's words: an expression, a place, an address.</param>
/// <param name="Arguments">The arguments of the call.</param>
internal sealed record DemoAction(string Tool, string Subject, IReadOnlyDictionary<string, string> Arguments)
{
    public const string Calculator = "calculator";
    public const string Clock = "clock";
    public const string HttpGet = "http_get";
    public const string HttpPost = "http_post";

    /// <summary>What the tools that are agents are named with.</summary>
    public const string AgentPrefix = "agent_";

    public static DemoAction Ask(string agent, string input) =>
        new(AgentPrefix + agent, input, new Dictionary<string, string> { ["input"] = input });

    public static DemoAction Calculate(string expression) =>
        new(Calculator, expression, new Dictionary<string, string> { ["expression"] = expression });

    public static DemoAction TellTime(string place, string timeZone) =>
        new(Clock, place, new Dictionary<string, string> { ["timeZone"] = timeZone });

    public static DemoAction Fetch(string url) =>
        new(HttpGet, url, new Dictionary<string, string> { ["url"] = url });

    public static DemoAction Post(string url, string body) =>
        new(HttpPost, url, new Dictionary<string, string> { ["url"] = url, ["body"] = body });
}
