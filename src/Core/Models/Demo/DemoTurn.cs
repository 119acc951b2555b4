using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Demo;

/// <summary>What the demo model says next: tools to call, or its answer.</summary>
/// <param name="Text">The answer; empty when tools are called.</param>
/// <param name="Calls">Calls of one tool, side by side; empty when it answers.</param>
internal sealed record DemoTurn(string Text, IReadOnlyList<DemoAction> Calls)
{
    private const string Introduction =
        "I am the demo model: scripted, without network or key. I do sums (\"What is 17*23?\"), tell the time in a city "
        + "(\"What time is it in Oslo?\") and fetch a web address, where the agent has the tools calculator, clock and "
        + "http_get. For anything else give the agent a real model, such as openai:gpt-4.1.";

    private const int MaxExamples = 5;

    /// <summary>
    /// Decides from the last user message, and from what happened since: calls are made in the order of the prompt, so
    /// the calls made so far tell where it stands. Ids are of no use for that: whoever runs the tools may rename them.
    /// </summary>
    public static DemoTurn Next(IReadOnlyList<ChatMessage> messages, IReadOnlyList<DemoTool> tools)
    {
        var lastUser = LastUserMessage(messages);
        if (lastUser < 0)
        {
            return new DemoTurn(Introduce(tools), []);
        }

        var actions = DemoPrompt.Read(messages[lastUser].Text, tools);
        if (actions.Count == 0)
        {
            return new DemoTurn(Introduce(tools), []);
        }

        var since = messages.Skip(lastUser + 1).SelectMany(message => message.Contents).ToList();
        var calls = since.OfType<FunctionCallContent>().ToList();
        var offered = tools.Select(tool => tool.Name).ToHashSet();
        var possible = actions.Where(action => action.Mistake is null && offered.Contains(action.Tool)).ToList();
        var next = possible.Skip(calls.Count).ToList();
        if (next.Count > 0)
        {
            // Calls of the same tool go side by side, different tools one turn after the other.
            return new DemoTurn("", [.. next.TakeWhile(action => action.Tool == next[0].Tool)]);
        }

        var results = since.OfType<FunctionResultContent>().ToList();
        var outcomes = possible.Zip(calls, (action, call) => (
            action, result: results.Find(result => result.CallId == call.CallId))).ToDictionary();
        return new DemoTurn(
            string.Join(' ', actions.Select(action => outcomes.TryGetValue(action, out var result)
                ? DemoSentences.Tell(action, result)
                : DemoSentences.CannotCall(action))),
            []);
    }

    private static string Introduce(IReadOnlyList<DemoTool> tools)
    {
        var examples = tools.Where(tool => !tool.IsBuiltIn).Take(MaxExamples).Select(tool => tool.Example).ToList();
        return examples.Count == 0 ? Introduction : $"{Introduction} I call any tool of this agent by its name, for example: {string.Join("; ", examples)}";
    }

    private static int LastUserMessage(IReadOnlyList<ChatMessage> messages)
    {
        for (var index = messages.Count - 1; index >= 0; index--)
        {
            if (messages[index].Role == ChatRole.User)
            {
                return index;
            }
        }

        return -1;
    }
}
