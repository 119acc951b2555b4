using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Yggdrasil.LocalHost.Tests.Http;

public sealed class HttpFunctionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("GET", "/Default", HttpStatusCode.OK, "GET")]
    [InlineData("PATCH", "/default", HttpStatusCode.OK, "PATCH")]
    [InlineData("POST", "/action", HttpStatusCode.Created, """{"path":"/action"}""")]
    [InlineData("GET", "/later", HttpStatusCode.OK, "later GET")]
    [InlineData("GET", "/object", HttpStatusCode.OK, "")]
    [InlineData("GET", "/nothing", HttpStatusCode.OK, "")]
    [InlineData("GET", "/throws", HttpStatusCode.InternalServerError, "")]
    [InlineData("GET", "/action", HttpStatusCode.NotFound, "")]
    [InlineData("GET", "/unknown", HttpStatusCode.NotFound, "")]
    [InlineData("GET", "/bound/a/not-a-number/x", HttpStatusCode.NotFound, "")]
    [InlineData("GET", "/bound/a/1/not-a-guid", HttpStatusCode.InternalServerError, "")]
    public async Task Request_is_answered_as_the_genuine_host_answers_it(
        string method, string path, HttpStatusCode status, string body)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await host.Client.SendAsync(request);

        Assert.Equal((status, body), (response.StatusCode, await response.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Route_values_are_bound_by_name_and_type()
    {
        await using var host = await StartAsync();
        var id = Guid.NewGuid();

        using var bound = JsonDocument.Parse(await host.Client.GetStringAsync($"/bound/a%20b/42/{id}"));

        var answer = bound.RootElement;
        Assert.Equal("a b", answer.GetProperty("text").GetString());
        Assert.Equal(42, answer.GetProperty("number").GetInt32());
        Assert.Equal(id, answer.GetProperty("id").GetGuid());
        Assert.Equal("none", answer.GetProperty("tail").GetString());
        Assert.Equal("Bound", answer.GetProperty("function").GetString());
        Assert.True(answer.GetProperty("sameRequest").GetBoolean());
    }

    [Theory]
    [InlineData("{}", "/api/later")]
    [InlineData("""{ "extensions": { "http": { "routePrefix": "x/y" } } }""", "/x/y/later")]
    public async Task Route_prefix_of_host_json_stands_before_every_route(string hostJson, string path)
    {
        await using var host = await TestHost.StartAsync([typeof(HttpSamples)], AddSamples, hostJson: hostJson);

        Assert.Equal("later GET", await host.Client.GetStringAsync(path));
        using var without = await host.Client.GetAsync("/later");
        Assert.Equal(HttpStatusCode.NotFound, without.StatusCode);
    }

    [Fact]
    public async Task Middleware_replaces_the_result()
    {
        await using var host = await StartAsync(worker => worker.UseMiddleware<ProblemMiddleware>());

        using var response = await host.Client.GetAsync("/throws");

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("replaced", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Middleware_runs_in_the_order_of_its_registration_and_shares_the_scope_of_the_function()
    {
        await using var host = await StartAsync(worker => worker
            .UseMiddleware((context, next) => Append(context, next, "first"))
            .UseMiddleware((context, next) => Append(context, next, "second")));

        Assert.Equal("GET unset first second", await host.Client.GetStringAsync("/scope"));
        Assert.Equal("GET unset first second", await host.Client.GetStringAsync("/scope"));

        static Task Append(FunctionContext context, Func<Task> next, string word)
        {
            context.InstanceServices.GetRequiredService<PerInvocation>().Value += $" {word}";
            return next();
        }
    }

    [Fact]
    public async Task Middleware_sees_and_may_change_the_values_that_the_function_is_called_with()
    {
        await using var host = await StartAsync(worker => worker.UseMiddleware(async (context, next) =>
        {
            var bound = await context.Features.Get<IFunctionInputBindingFeature>()!.BindFunctionInputAsync(context);
            var index = context.FunctionDefinition.Parameters.ToList().FindIndex(parameter => parameter.Name == "text");
            Assert.Equal("given", bound.Values[index]);
            bound.Values[index] = "changed";
            await next();
        }));

        using var answer = JsonDocument.Parse(await host.Client.GetStringAsync($"/bound/given/42/{Guid.NewGuid()}"));

        Assert.Equal("changed", answer.RootElement.GetProperty("text").GetString());
    }

    [Fact]
    public async Task Caller_that_goes_cancels_the_invocation()
    {
        await using var host = await StartAsync();
        var signals = host.Services.GetRequiredService<Signals>();
        using var caller = new CancellationTokenSource();
        var request = host.Client.GetAsync(new Uri("/waits", UriKind.Relative), caller.Token);
        await signals.Started.Task.WaitAsync(Patience);

        await caller.CancelAsync();

        await signals.Cancelled.Task.WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        signals.Released.SetResult();
    }

    [Fact]
    public async Task Shutdown_tells_the_function_and_lets_it_answer()
    {
        await using var host = await StartAsync();
        var signals = host.Services.GetRequiredService<Signals>();
        var request = host.Client.GetStringAsync("/waits");
        await signals.Started.Task.WaitAsync(Patience);

        var stopping = host.StopAsync();
        await signals.Cancelled.Task.WaitAsync(Patience);
        signals.Released.SetResult();

        Assert.Equal("waited GET", await request.WaitAsync(Patience));
        await stopping.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(26_000_000, HttpStatusCode.OK)]
    [InlineData(30_000_001, HttpStatusCode.RequestEntityTooLarge)]
    public async Task Body_of_a_full_batch_fits_and_more_does_not(int length, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        using var content = new ByteArrayContent(new byte[length]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/length") { Content = content };
        request.Headers.ExpectContinue = true;

        using var response = await host.Client.SendAsync(request);

        Assert.Equal(expected, response.StatusCode);
    }

    private static Task<TestHost> StartAsync(Action<IFunctionsWorkerApplicationBuilder>? configureWorker = null) =>
        TestHost.StartAsync([typeof(HttpSamples)], AddSamples, configureWorker);

    private static void AddSamples(IServiceCollection services) =>
        services.AddScoped<PerInvocation>().AddSingleton<Signals>();

    private sealed class ProblemMiddleware : IFunctionsWorkerMiddleware
    {
        public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            try
            {
                await next(context);
            }
            catch (InvalidOperationException)
            {
                context.GetInvocationResult().Value = Results.Text("replaced", statusCode: StatusCodes.Status409Conflict);
            }
        }
    }
}
