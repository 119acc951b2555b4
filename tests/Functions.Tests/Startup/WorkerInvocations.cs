using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Yggdrasil.Functions.Tests.Startup;

/// <summary>Has the genuine worker make an invocation as its host asks for it, from the message on: everything but the connection.</summary>
/// <remarks>The messages and what handles them are internal to the worker, so they are reached by reflection.</remarks>
internal sealed class WorkerInvocations(IServiceProvider services)
{
    private const string Grpc = "Microsoft.Azure.Functions.Worker.Grpc";
    private const string Core = "Microsoft.Azure.Functions.Worker.Core";

    static WorkerInvocations() => Environment.SetEnvironmentVariable("FUNCTIONS_WORKER_DIRECTORY", AppContext.BaseDirectory);

    /// <param name="entryPoint">Type and method.</param>
    /// <param name="bindings">The type of each binding, by parameter.</param>
    /// <param name="input">What the host sends for each binding: text.</param>
    /// <exception cref="InvalidOperationException">The worker answers that the function failed.</exception>
    public async Task InvokeAsync(
        string name, string entryPoint, IReadOnlyDictionary<string, string> bindings, IReadOnlyDictionary<string, string> input)
    {
        Load(name, entryPoint, bindings);
        var request = Message("InvocationRequest", new JsonObject
        {
            ["invocationId"] = Guid.NewGuid().ToString(),
            ["functionId"] = name,
            ["traceContext"] = new JsonObject(),
            ["retryContext"] = new JsonObject(),
            ["inputData"] = new JsonArray([.. input.Select(pair => new JsonObject
            {
                ["name"] = pair.Key,
                ["data"] = new JsonObject { ["string"] = pair.Value },
            })]),
        });
        var handler = Service(Grpc, "Microsoft.Azure.Functions.Worker.Handlers.IInvocationHandler");
        var answering = (Task)Call(handler, "InvokeAsync", request)!;
        await answering;
        using var answer = JsonDocument.Parse(answering.GetType().GetProperty("Result")!.GetValue(answering)!.ToString()!);
        if (answer.RootElement.GetProperty("result").TryGetProperty("exception", out var failure))
        {
            throw new InvalidOperationException(failure.ToString());
        }
    }

    private void Load(string name, string entryPoint, IReadOnlyDictionary<string, string> bindings)
    {
        var request = Message("FunctionLoadRequest", new JsonObject
        {
            ["functionId"] = name,
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["entryPoint"] = entryPoint,
                ["scriptFile"] = Path.GetFileName(typeof(YggdrasilWorker).Assembly.Location),
                ["bindings"] = new JsonObject(bindings.Select(pair =>
                    KeyValuePair.Create<string, JsonNode?>(pair.Key, new JsonObject { ["type"] = pair.Value, ["direction"] = "in" }))),
            },
        });
        var definition = Type(Grpc, "Microsoft.Azure.Functions.Worker.Definition.GrpcFunctionDefinition");
        var locator = Service(Core, "Microsoft.Azure.Functions.Worker.Invocation.IMethodInfoLocator");
        Call(Service(Core, "Microsoft.Azure.Functions.Worker.IFunctionsApplication"), "LoadFunction", Activator.CreateInstance(definition, request, locator)!);
    }

    private object Service(string assembly, string type) => services.GetRequiredService(Type(assembly, type));

    private static object? Call(object target, string method, object argument) =>
        target.GetType().GetMethod(method, BindingFlags.Public | BindingFlags.Instance)!.Invoke(target, [argument]);

    private static object Message(string type, JsonObject content)
    {
        var parser = Type(Grpc, $"{Grpc}.Messages.{type}").GetProperty("Parser", BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        return parser.GetType().GetMethod("ParseJson")!.Invoke(parser, [content.ToJsonString()])!;
    }

    private static Type Type(string assembly, string type) => Assembly.Load(assembly).GetType(type, throwOnError: true)!;
}
