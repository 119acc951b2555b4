using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.LocalHost.Tests.Http;

/// <summary>Functions for the HTTP tests, one for each thing that is bound or returned.</summary>
public sealed class HttpSamples(PerInvocation state, Signals signals)
{
    [Function("Default")]
    public static IResult Default([HttpTrigger] HttpRequest request) => Results.Text(request.Method);

    [Function("Bound")]
    public static IResult Bound(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "bound/{text}/{number:int}/{id}/{tail?}")] HttpRequest request,
        string text, int number, Guid id, FunctionContext context, string? tail = "none") => Results.Json(new
        {
            text,
            number,
            id,
            tail,
            function = context.FunctionDefinition.Name,
            sameRequest = ReferenceEquals(context.GetHttpContext()!.Request, request),
        });

    [Function("Action")]
    public static IActionResult Action([HttpTrigger("post", Route = "action")] HttpRequest request) =>
        new ObjectResult(new { Path = request.Path.Value }) { StatusCode = StatusCodes.Status201Created };

    [Function("Later")]
    public static async Task<IResult> Later([HttpTrigger(Route = "later")] HttpRequest request)
    {
        await Task.Yield();
        return Results.Text($"later {request.Method}");
    }

    [Function("Untyped")]
    public static object Untyped([HttpTrigger(Route = "object")] HttpRequest request) => new { request.Method };

    [Function("Nothing")]
    public static Task Nothing([HttpTrigger(Route = "nothing")] HttpRequest request) => Task.FromResult(request);

    [Function("Throws")]
    public static IResult Throws([HttpTrigger(Route = "throws")] HttpRequest request) =>
        throw new InvalidOperationException($"secret {request.Method}");

    [Function("Scope")]
    public IResult Scope([HttpTrigger(Route = "scope")] HttpRequest request) =>
        Results.Text($"{request.Method} {state.Value}");

    [Function("Waits")]
    public async Task<IResult> Waits([HttpTrigger(Route = "waits")] HttpRequest request, CancellationToken cancellationToken)
    {
        signals.Started.SetResult();
        using var registration = cancellationToken.Register(() => signals.Cancelled.TrySetResult());
        await signals.Released.Task;
        return Results.Text($"waited {request.Method}");
    }

    [Function("Length")]
    public static async Task<IResult> Length(
        [HttpTrigger("post", Route = "length")] HttpRequest request, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        var length = 0L;
        for (int read; (read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0; length += read)
        {
        }

        return Results.Text($"{length}");
    }
}

/// <summary>Scoped: a middleware sets what the function class of the same invocation reads.</summary>
public sealed class PerInvocation
{
    public string Value { get; set; } = "unset";
}

public sealed class Signals
{
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
