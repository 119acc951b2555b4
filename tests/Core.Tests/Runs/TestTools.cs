using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Runs;

/// <summary>Tools whose calls a test sees and whose behaviour it sets.</summary>
internal sealed class TestTools
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    private readonly ConcurrentQueue<ToolContext> _calls = new();

    /// <summary>What the tools do with their one argument, <c>text</c>.</summary>
    public Func<string, CancellationToken, Task<string>> Behave { get; set; } = (text, _) => Task.FromResult($"echo {text}");

    public IReadOnlyCollection<ToolContext> Calls => _calls;

    /// <summary>
    /// Idempotent: <c>echo</c>. Not idempotent: <c>post</c>. Distributed: <c>far</c>, and <c>distant</c>, which is not idempotent. For a role:
    /// <c>secret</c>.
    /// </summary>
    /// <param name="timeout">Of each tool; 5 s where none is given.</param>
    public ToolCatalog Catalog(TimeSpan? timeout = null) => new(
    [
        Create("echo", tool => tool with { Timeout = timeout ?? Short, Idempotent = true }),
        Create("post", tool => tool with { Timeout = timeout ?? Short }),
        Create("far", tool => tool with { Timeout = timeout ?? Short, Distributed = true, Idempotent = true }),
        Create("distant", tool => tool with { Timeout = timeout ?? Short, Distributed = true }),
        Create("secret", tool => tool with { Timeout = timeout ?? Short, Idempotent = true, Roles = ["boss"] }),
    ]);

    private AgentTool Create(string name, Func<AgentTool, AgentTool> configure) => configure(new AgentTool
    {
        Declaration = AIFunctionFactory.CreateDeclaration(name, $"The {name} tool.", Schema()),
        InvokeAsync = async (arguments, context, _, cancellationToken) =>
        {
            _calls.Enqueue(context);
            return await Behave(arguments["text"].GetString()!, cancellationToken);
        },
    });

    private static JsonElement Schema()
    {
        using var schema = JsonDocument.Parse(
            """{"type":"object","properties":{"text":{"type":"string"}},"required":["text"],"additionalProperties":false}""");
        return schema.RootElement.Clone();
    }
}
