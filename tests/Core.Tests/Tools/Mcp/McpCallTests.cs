using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tests.Tools.Mcp;

/// <summary>One call of an approved tool: what goes out, and what of the result reaches the model.</summary>
[Collection(SharedAzurite.Name)]
public sealed class McpCallTests(AzuriteFixture azurite)
{
    private const string Weather = """
        {"name":"weather","inputSchema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false},
        "outputSchema":{"type":"object","properties":{"degrees":{"type":"number"}},"required":["degrees"]},"annotations":{"readOnlyHint":true}}
        """;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 9, 1, 0, 0, 0, TimeSpan.Zero));

    public static TheoryData<string, string> Results => new()
    {
        { """{"content":[{"type":"text","text":"ok"}],"structuredContent":{"degrees":21.5}}""", "\n{\"degrees\":21.5}" },
        { """{"content":[{"type":"text","text":"ok"}],"structuredContent":{"degrees":"warm"}}""", "does not fit its outputSchema" },
        { """{"content":[{"type":"text","text":"ok"}]}""", "lacks the structuredContent" },
        { """{"content":[{"type":"text","text":"No such city."}],"isError":true}""", "The tool failed: No such city." },
    };

    [Theory]
    [MemberData(nameof(Results))]
    public async Task Structured_result_is_held_against_the_schema_that_was_approved(string result, string told)
    {
        await using var server = await McpToolServer.StartAsync(Weather);
        var options = McpHost.At(server.Address);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);
        server.Answer(_ => JsonNode.Parse(result)!);

        var answer = await host.CallAsync(await host.PinAsync($"mcp:{options.Name}"), """{"city":"Oslo"}""");

        Assert.Contains(told, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_carries_arguments_key_and_trace_and_nothing_of_the_caller()
    {
        await using var server = await McpToolServer.StartAsync(Weather);
        var options = McpHost.At(server.Address);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);
        using var trace = new System.Diagnostics.Activity("test").SetIdFormat(System.Diagnostics.ActivityIdFormat.W3C).Start();

        await host.CallAsync(await host.PinAsync($"mcp:{options.Name}"), """{"city":"Oslo"}""");

        var call = Assert.Single(server.Calls);
        Assert.Equal("""{"city":"Oslo"}""", call.Params["arguments"]!.ToJsonString());
        Assert.Equal("run_1:t3c0", call.Params["_meta"]!["yggdrasil/idempotencyKey"]!.GetValue<string>());
        Assert.Contains(trace.TraceId.ToString(), call.Params["_meta"]!["traceparent"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", call.Headers.Keys);
        Assert.Equal(("tools/call", "weather"), (call.Headers["Mcp-Method"], call.Headers["Mcp-Name"]));
    }

    [Fact]
    public async Task What_is_no_text_is_left_out_in_words_and_no_link_is_followed()
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read"));
        var options = McpHost.At(server.Address);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);
        server.Answer(_ => JsonNode.Parse($$"""
            {"content":[{"type":"image","data":"aGk=","mimeType":"image/png"},{"type":"resource_link","uri":"{{server.Address}}","name":"log"},
            {"type":"resource","resource":{"uri":"file:///a","text":"inside"} },{"type":"hologram"}]}
            """)!);

        var answer = await host.CallAsync(await host.PinAsync($"mcp:{options.Name}"));

        Assert.Contains("[An image (image/png) was left out", answer, StringComparison.Ordinal);
        Assert.Contains($"which was not fetched: log {server.Address}", answer, StringComparison.Ordinal);
        Assert.Contains("\ninside\n", answer, StringComparison.Ordinal);
        Assert.Single(server.Calls);
    }

    [Theory]
    [InlineData(McpApprovals.Annotations, """{"readOnlyHint":true}""", false)]
    [InlineData(McpApprovals.Annotations, """{"readOnlyHint":true,"destructiveHint":true}""", true)]
    [InlineData(McpApprovals.Annotations, """{"readOnlyHint":"true"}""", true)]
    [InlineData(McpApprovals.Annotations, "{}", true)]
    [InlineData(McpApprovals.Always, """{"readOnlyHint":true}""", true)]
    [InlineData(McpApprovals.Never, "{}", false)]
    public async Task Annotations_only_tighten(McpApprovals approvals, string annotations, bool waits)
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read", annotations: annotations));
        var options = McpHost.At(server.Address, server => server.Approvals = approvals);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);

        var tool = host.Tools.Find(await host.PinAsync($"mcp:{options.Name}"))!;

        Assert.Equal((waits, false), (tool.RequiresApproval, tool.Idempotent));
    }

    [Fact]
    public async Task Operators_alone_say_what_may_be_repeated_and_who_may_call()
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read", annotations: """{"idempotentHint":true}"""), McpToolServer.Tool("other"), McpToolServer.Tool("hidden"));
        var options = McpHost.At(server.Address, server =>
        {
            server.IdempotentTools.Add("other");
            server.AllowedTools.Add("read");
            server.AllowedTools.Add("other");
            server.Roles.Add("clerk");
        });
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);

        var tools = await host.Tools.ListAsync(CancellationToken.None);

        Assert.Equal([($"mcp:{options.Name}/other", true), ($"mcp:{options.Name}/read", false)], tools.Select(tool => (tool.Listed, tool.Tool.Idempotent)));
        Assert.All(tools, tool => Assert.Equal(["clerk"], tool.Tool.Roles));
    }

    [Fact]
    public async Task Session_that_the_server_has_forgotten_is_begun_anew_once()
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read"));
        var session = "first";
        server.Intercept(async (context, request, cancellationToken) =>
        {
            context.Response.ContentType = "application/json";
            if (request.Method is "server/discover" or "notifications/initialized")
            {
                context.Response.StatusCode = request.Method == "server/discover" ? 400 : 202;
                return true;
            }

            if (request.Method == "initialize")
            {
                context.Response.Headers["Mcp-Session-Id"] = session;
                await context.Response.WriteAsync($$"""{"jsonrpc":"2.0","id":{{request.Id}},"result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"old","version":"1"} } }""", cancellationToken);
                return true;
            }

            context.Response.StatusCode = request.Headers.GetValueOrDefault("Mcp-Session-Id") == session ? 200 : 404;
            return context.Response.StatusCode == 404;
        });
        var options = McpHost.At(server.Address);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);
        session = "second";

        Assert.EndsWith("done", await host.CallAsync(await host.PinAsync($"mcp:{options.Name}")), StringComparison.Ordinal);
        Assert.Equal(["first", "second"], server.Calls.Select(call => call.Headers["Mcp-Session-Id"]));
    }

    [Fact]
    public async Task Client_credentials_buy_a_token_for_this_server_and_another_when_it_is_refused()
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read"));
        await using var issuer = await EffectServer.StartAsync();
        issuer.RespondWith(_ => new EffectReply { Body = $$"""{"access_token":"token{{issuer.Requests.Count}}","expires_in":3600}""", ContentType = "application/json" });
        server.Intercept((context, request, _) =>
        {
            var isRefused = request.Headers.GetValueOrDefault("Authorization") != $"Bearer token{issuer.Requests.Count}" || (issuer.Requests.Count == 1 && request.Method == "tools/call");
            context.Response.StatusCode = isRefused ? StatusCodes.Status401Unauthorized : StatusCodes.Status200OK;
            return Task.FromResult(isRefused);
        });
        var options = McpHost.At(server.Address, server =>
        {
            (server.Auth.Type, server.Auth.Secret, server.Auth.ClientId, server.Auth.Scope) = (McpAuthType.ClientCredentials, "files-secret", "app", "files.read");
            server.Auth.TokenUrl = new Uri(issuer.Address, "token").AbsoluteUri;
        });
        await using var host = new McpHost(azurite, _time, new Dictionary<string, string?> { ["Mcp:Secrets:files_secret"] = "hush" }, options);
        await host.ApproveAllAsync(options.Name);
        var pin = await host.PinAsync($"mcp:{options.Name}");

        Assert.Contains("refuses the app's credentials", await host.CallAsync(pin), StringComparison.Ordinal);
        Assert.EndsWith("done", await host.CallAsync(pin), StringComparison.Ordinal);

        Assert.Equal(2, issuer.Requests.Count);
        Assert.Equal(
            $"grant_type=client_credentials&client_id=app&client_secret=hush&resource={Uri.EscapeDataString(server.Address.AbsoluteUri)}&scope=files.read",
            issuer.Requests[0].Body);
    }

    [Fact]
    public async Task Breaker_leaves_a_server_alone_that_does_not_answer()
    {
        await using var server = await McpToolServer.StartAsync(McpToolServer.Tool("read"));
        var options = McpHost.At(server.Address);
        await using var host = new McpHost(azurite, _time, settings: null, options);
        await host.ApproveAllAsync(options.Name);
        var pin = await host.PinAsync($"mcp:{options.Name}");
        server.Intercept((context, _, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            return Task.FromResult(true);
        });

        // With the list that it gave, five requests, of which four failed.
        for (var call = 0; call < 4; call++)
        {
            Assert.Contains("502", await host.CallAsync(pin), StringComparison.Ordinal);
        }

        Assert.Contains("left alone", await host.CallAsync(pin), StringComparison.Ordinal);
        Assert.Equal(4, server.Calls.Count());
        Assert.True((await host.Service.GetAsync(McpHost.Operator, options.Name, CancellationToken.None)).IsBrokenOff);

        server.Intercept((_, _, _) => Task.FromResult(false));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.EndsWith("done", await host.CallAsync(pin), StringComparison.Ordinal);
    }
}
