using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Yggdrasil.Console.Tests;

/// <summary>A tab with the console in it.</summary>
public sealed class ConsolePage : IAsyncDisposable
{
    private const float Bound = 120_000;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _reports = [];

    private ConsolePage(IBrowserContext context, IPage page, Uri host) => (_context, Page, Host) = (context, page, host);

    public IPage Page { get; }

    public Uri Host { get; }

    /// <summary>What broke the content security policy, and what was thrown and not caught.</summary>
    public IReadOnlyCollection<string> Reports => _reports;

    public static async Task<ConsolePage> OpenAsync(IBrowserContext context, Uri host)
    {
        // How long something takes says how busy the machine is.
        context.SetDefaultTimeout(Bound);
        Assertions.SetDefaultExpectTimeout(Bound);
        var console = new ConsolePage(context, await context.NewPageAsync(), host);
        console.Page.PageError += (_, error) => console._reports.Enqueue(error);
        console.Page.Console += (_, message) =>
        {
            if (message.Text.Contains("Content Security Policy", StringComparison.Ordinal) || message.Text.Contains("TrustedHTML", StringComparison.Ordinal))
            {
                console._reports.Enqueue(message.Text);
            }
        };
        return console;
    }

    /// <param name="path">After the <c>#</c>, with its slash.</param>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(new Uri(Host, $"console/#{path}").ToString());
        await Assertions.Expect(Page.Locator("main.page h1")).ToBeVisibleAsync();
        await Assertions.Expect(Page.Locator("main.page [role=status]")).ToHaveCountAsync(0);
    }

    /// <summary>Acts as a development user from now on.</summary>
    public async Task ActAsAsync(string user)
    {
        await Page.FillAsync("#dev-user", user);
        await Page.PressAsync("#dev-user", "Enter");
        await Assertions.Expect(Page.Locator(".side .foot")).ToContainTextAsync($"Signed in as {user.Split(':')[0]}");
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
