using System.Text.Json;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit.Abstractions;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Console.Tests;

/// <summary>The console's pages in a browser.</summary>
[Collection(SharedConsole.Name)]
public sealed class PageTests(ConsoleHost app, ITestOutputHelper output)
{
    private const string Attack = "<img src=x onerror=\"document.title='attacked'\"><script>document.title='attacked'</script> [link](javascript:alert(1))";

    private static readonly string[] Pages =
        ["/runs", "/approvals", "/chat", "/agents", "/agents/new", "/agents/assistant", "/conversations", "/conversations/c-1", "/batches", "/schedules", "/usage", "/operations"];

    /// <summary>The host's own user, whom the console acts as without a header.</summary>
    private static readonly (string Name, string Value) Local = ("Authorization", "Bearer dev:local");

    [Theory]
    [InlineData(1280, ColorScheme.Light)]
    [InlineData(1280, ColorScheme.Dark)]
    [InlineData(400, ColorScheme.Light)]
    public async Task Every_page_keeps_to_the_policy_fits_the_screen_and_is_accessible(int width, ColorScheme scheme)
    {
        var run = await RunAsync("Hello", conversation: "c-1");
        var paths = Pages.Append($"/runs/{run}").Append($"/compare?a={run}&b={run}");
        await using var console = await OpenAsync(options => (options.ViewportSize, options.ColorScheme) = (new() { Width = width, Height = 860 }, scheme));

        // Axe's own script is no part of the page, so the policy is off where it looks.
        await using var bypassing = await OpenAsync(options => (options.ViewportSize, options.ColorScheme, options.BypassCSP) = (new() { Width = width, Height = 860 }, scheme, true));
        if (console is null || bypassing is null)
        {
            return;
        }

        foreach (var path in paths)
        {
            await console.GoAsync(path);
            Assert.False(await console.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth"), $"{path} is wider than {width} px");
            await bypassing.GoAsync(path);
            var found = await bypassing.Page.RunAxe();
            Assert.Empty(found.Violations.Where(violation => violation.Impact is "serious" or "critical").Select(violation => Describe(path, violation)));
        }

        Assert.Empty(console.Reports);
    }

    [Fact]
    public async Task What_a_model_says_stays_text()
    {
        app.Model.RespondWith(_ => ModelReply.Text(Attack));
        var run = await RunAsync(Attack);
        await using var console = await OpenAsync();
        if (console is null)
        {
            return;
        }

        await console.GoAsync($"/runs/{run}");
        await Assertions.Expect(console.Page.GetByLabel("Answer", new() { Exact = true })).ToHaveTextAsync(Attack);
        await console.Page.Locator(".step").Nth(1).ClickAsync();
        await Assertions.Expect(console.Page.GetByRole(AriaRole.Region, new() { Name = "Details of the step" })).ToContainTextAsync(Attack);

        Assert.Equal(0, await console.Page.Locator("main img, main script").CountAsync());
        Assert.DoesNotContain("attacked", await console.Page.TitleAsync(), StringComparison.Ordinal);
        Assert.Empty(console.Reports);
    }

    [Fact]
    public async Task Chat_shows_an_answer_and_leaves_nothing_in_storage_or_addresses()
    {
        const string Question = "Is there a secret?";
        app.Model.RespondWith(_ => ModelReply.Text("There is none."));
        var agent = await AgentAsync(new { model = "openai:scripted" });
        await using var console = await OpenAsync();
        if (console is null)
        {
            return;
        }

        List<string> addresses = [];
        console.Page.Request += (_, request) => addresses.Add(request.Url);
        await console.GoAsync($"/chat?agent={agent}");
        await console.ActAsAsync("local");
        await console.Page.FillAsync("#chat-text", Question);
        await console.Page.PressAsync("#chat-text", "Enter");
        await Assertions.Expect(console.Page.Locator(".say.assistant")).ToContainTextAsync("There is none.");
        await Assertions.Expect(console.Page.Locator(".say.assistant")).ToContainTextAsync("see the run");

        Assert.Equal(0, await console.Page.EvaluateAsync<int>("localStorage.length + sessionStorage.length + document.cookie.length"));
        Assert.DoesNotContain(addresses.Append(console.Page.Url), address => address.Contains("secret", StringComparison.Ordinal) || address.Contains("dev:", StringComparison.Ordinal) || address.Contains("ticket", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_is_approved_with_other_arguments_than_the_models()
    {
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}""")) : ModelReply.Text($"It is {request.ToolResults[0]}."));
        var run = await RunAsync("What is 17*23?", "calculator");
        await app.Http.RunUntilAsync(run, found => found.Text("status") == "waiting", Local);
        await using var console = await OpenAsync();
        if (console is null)
        {
            return;
        }

        await console.GoAsync("/approvals");
        var card = console.Page.GetByRole(AriaRole.Region, new() { Name = "Approval of calculator" }).Filter(new() { HasText = run });
        await card.GetByRole(AriaRole.Button, new() { Name = "Edit arguments" }).ClickAsync();
        await card.Locator("textarea").FillAsync("""{"expression": "2*3" """);
        await card.GetByRole(AriaRole.Button, new() { Name = "Approve with changes" }).ClickAsync();
        await Assertions.Expect(card.GetByRole(AriaRole.Alert)).ToContainTextAsync("no JSON");
        await card.Locator("textarea").FillAsync("""{"expression": "2*3"}""");
        await card.GetByRole(AriaRole.Button, new() { Name = "Approve with changes" }).ClickAsync();
        await Assertions.Expect(console.Page.GetByText("The run goes on.")).ToBeVisibleAsync();

        var ended = await app.Http.EndOfRunAsync(run, Local);
        Assert.EndsWith("6.", ended.Text("output"), StringComparison.Ordinal);
        using var steps = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{run}/steps", "", Local);
        var call = (await steps.ReadAsync()).GetProperty("items").EnumerateArray().Single(step => step.Text("kind") == "tool");
        Assert.Equal("2*3", call.GetProperty("arguments").Text("expression"));
        Assert.Empty(console.Reports);
    }

    [Fact]
    public async Task Keyboard_alone_leads_from_the_list_to_a_step()
    {
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        var run = await RunAsync("Hi");
        await using var console = await OpenAsync();
        if (console is null)
        {
            return;
        }

        await console.GoAsync("/runs");
        await console.Page.FocusAsync(".skip");
        await console.Page.Keyboard.PressAsync("Enter");
        await TabUntilAsync(console, $"document.activeElement?.getAttribute('href') === '#/runs/{run}'");
        await console.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(console.Page.Locator(".step")).ToHaveCountAsync(2);
        await TabUntilAsync(console, "document.activeElement?.matches('li:nth-child(2) > .step')");
        Assert.NotEqual("none", await console.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await console.Page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(console.Page.GetByRole(AriaRole.Region, new() { Name = "Details of the step" })).ToContainTextAsync("Hello.");
    }

    [Fact]
    public async Task Ten_thousand_runs_are_scrolled_with_few_rows_in_the_document()
    {
        const int Runs = 10_000;
        await using var console = await OpenAsync();
        if (console is null)
        {
            return;
        }

        await console.Page.RouteAsync("**/api/runs?*", route =>
        {
            var after = System.Web.HttpUtility.ParseQueryString(new Uri(route.Request.Url).Query)["after"];
            var first = after is null ? 0 : int.Parse(after, System.Globalization.CultureInfo.InvariantCulture);
            var items = Enumerable.Range(first, 100).Select(number => new
            {
                id = $"run_{number:D5}", agent = $"agent-{number}", status = "completed", usage = new { totalTokens = number, costUsd = 0 }, createdAt = DateTimeOffset.UtcNow.AddSeconds(-number),
            });
            return route.FulfillAsync(new() { ContentType = "application/json", Body = JsonSerializer.Serialize(new { items, next = first + 100 < Runs ? $"{first + 100}" : null }) });
        });
        await console.GoAsync("/runs");
        await Poll.UntilAsync(async () =>
        {
            await console.Page.EvaluateAsync("() => { const box = document.querySelector('.scroll'); box.scrollTop = box.scrollHeight; }");
            return await console.Page.GetByText($"run_{Runs - 1:D5}").CountAsync() == 1;
        });

        Assert.InRange(await console.Page.Locator("tbody tr.fixed").CountAsync(), 1, 60);
    }

    private Task<ConsolePage?> OpenAsync(Action<BrowserNewContextOptions>? change = null) => app.Browser.OpenAsync(app.Http.BaseAddress!, output, change);

    private static async Task TabUntilAsync(ConsolePage console, string isReached)
    {
        for (var tabs = 0; tabs < 100; tabs++)
        {
            if (await console.Page.EvaluateAsync<bool>($"Boolean({isReached})"))
            {
                return;
            }

            await console.Page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"A hundred tabs do not lead there: {isReached}");
    }

    private async Task<string> AgentAsync(object definition)
    {
        var id = $"a{Guid.NewGuid():N}";
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", JsonSerializer.Serialize(definition), Local);
        response.EnsureSuccessStatusCode();
        return id;
    }

    /// <summary>A run of the host's own user that has ended, or waits for an approval of the tool.</summary>
    private async Task<string> RunAsync(string input, string? tool = null, string? conversation = null)
    {
        var agent = await AgentAsync(tool is null ? new { model = "openai:scripted" } : new { model = "openai:scripted", tools = new[] { tool }, approvals = new[] { tool } });
        object body = conversation is null ? new { input } : new { input, conversationId = conversation };
        using var started = await app.Http.PostRunAsync(agent, body, Local, ("Prefer", tool is null ? "wait=60" : "wait=0"));
        started.EnsureSuccessStatusCode();
        return (await started.ReadAsync()).Text("id");
    }

    private static string Describe(string path, AxeResultItem violation) =>
        $"{path}: {violation.Id}, {string.Join("; ", violation.Nodes.Select(node => node.Html))}";
}
