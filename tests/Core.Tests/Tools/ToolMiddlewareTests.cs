using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

/// <summary>What an application puts around its tool calls.</summary>
public sealed class ToolMiddlewareTests
{
    private static readonly IReadOnlyDictionary<string, JsonElement> Arguments = new Dictionary<string, JsonElement> { ["text"] = JsonElement.Parse("\"x\"") };

    private readonly Record _record = new();

    [Fact]
    public async Task First_added_is_outermost_and_each_sees_call_and_result_in_the_scope_of_the_call()
    {
        var result = await ExecuteAsync(services => services.AddToolMiddleware<Outer>().AddToolMiddleware<Inner>());

        Assert.Equal((StepStatus.Completed, "outer(inner(x))"), (result.Status, result.Text));
        Assert.Equal(["outer echo t3c0 x", "inner run_1:t3c0", "same scope: True"], _record.Entries);
    }

    [Fact]
    public async Task Refusal_in_words_reaches_the_model_and_the_tool_is_not_called()
    {
        var result = await ExecuteAsync(services => services.AddToolMiddleware<Refusing>());

        Assert.Equal((StepStatus.Failed, "Not on a Sunday."), (result.Status, result.Text));
        Assert.Empty(_record.Entries);
    }

    [Fact]
    public async Task What_it_throws_besides_reaches_neither_the_model_nor_a_log_above_debug()
    {
        var log = new RecordedLog<ToolExecutor>();

        var result = await ExecuteAsync(services => services.AddToolMiddleware<Broken>(), log);

        Assert.Equal(StepStatus.Failed, result.Status);
        Assert.Matches("^The tool failed \\(err_[0-9a-z]+\\)\\.$", result.Text);
        Assert.DoesNotContain(log.Entries, entry => entry.Level > Microsoft.Extensions.Logging.LogLevel.Debug && entry.Text.Contains("connection string", StringComparison.Ordinal));
    }

    [Fact]
    public void Call_is_printed_without_its_arguments()
    {
        var tools = new TestTools();
        tools.Catalog().TryGet("echo", out var tool);

        Assert.Equal("echo t3c0 of run_1", new ToolCall(tool!, Arguments, ToolHost.Context).ToString());
    }

    private async Task<ToolResult> ExecuteAsync(Action<IServiceCollection> register, RecordedLog<ToolExecutor>? log = null)
    {
        var services = new ServiceCollection().AddSingleton(_record).AddScoped<PerCall>();
        register(services);
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
        new TestTools().Catalog().TryGet("echo", out var echo);
        var tool = echo! with
        {
            InvokeAsync = (arguments, _, scope, _) =>
            {
                if (scope.GetRequiredService<PerCall>().Seen is { } seen)
                {
                    _record.Entries.Add($"same scope: {seen}");
                }

                return Task.FromResult(arguments["text"].GetString()!);
            },
        };
        var executor = new ToolExecutor(provider.GetRequiredService<IServiceScopeFactory>(), TimeProvider.System, log ?? new RecordedLog<ToolExecutor>());
        return await executor.ExecuteAsync(tool, Arguments, ToolHost.Context, CancellationToken.None, CancellationToken.None);
    }

    private sealed class Record
    {
        public List<string> Entries { get; } = [];
    }

    private sealed class PerCall
    {
        public bool? Seen { get; set; }
    }

    private sealed class Outer(Record record, PerCall scope) : IToolMiddleware
    {
        public async Task<string> InvokeAsync(ToolCall toolCall, ToolCallHandler proceed, CancellationToken cancellationToken)
        {
            scope.Seen = true;
            record.Entries.Add($"outer {toolCall.Tool.Name} {toolCall.Context.CallId} {toolCall.Arguments["text"]}");
            return $"outer({await proceed(cancellationToken)})";
        }
    }

    private sealed class Inner(Record record) : IToolMiddleware
    {
        public async Task<string> InvokeAsync(ToolCall toolCall, ToolCallHandler proceed, CancellationToken cancellationToken)
        {
            record.Entries.Add($"inner {toolCall.Context.IdempotencyKey}");
            return $"inner({await proceed(cancellationToken)})";
        }
    }

    private sealed class Refusing : IToolMiddleware
    {
        public Task<string> InvokeAsync(ToolCall toolCall, ToolCallHandler proceed, CancellationToken cancellationToken) => throw new ToolException("Not on a Sunday.");
    }

    private sealed class Broken : IToolMiddleware
    {
        public Task<string> InvokeAsync(ToolCall toolCall, ToolCallHandler proceed, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("the connection string is wrong");
    }
}
