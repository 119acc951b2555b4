using Microsoft.Playwright;
using Xunit.Abstractions;

namespace Yggdrasil.Console.Tests;

/// <summary>
/// The Chromium of this machine. Tests in a browser need one: <c>CONSOLE_BROWSER</c> names it, or it is where Debian puts it. Where there
/// is none they say so in their output and check nothing; <c>CONSOLE_BROWSER=required</c> makes them fail instead.
/// </summary>
public sealed class Browser
{
    private const string Setting = "CONSOLE_BROWSER";
    private const string Required = "required";

    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    private static string? Path => Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } named && named != Required
        ? named
        : Places.FirstOrDefault(File.Exists);

    public async Task InitializeAsync()
    {
        if (Path is not { } path)
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();

        // Chromium's own sandbox needs rights that containers do not give.
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox"] });
    }

    /// <summary>A page of its own, with what it reports; null where there is no browser, which the test's output says then.</summary>
    public async Task<ConsolePage?> OpenAsync(Uri host, ITestOutputHelper output, Action<BrowserNewContextOptions>? change = null)
    {
        if (_browser is null)
        {
            Assert.NotEqual(Required, Environment.GetEnvironmentVariable(Setting));
            output.WriteLine($"Not checked: there is no Chromium here. Install it, or name one in {Setting}.");
            return null;
        }

        var options = new BrowserNewContextOptions { ViewportSize = new() { Width = 1280, Height = 860 } };
        change?.Invoke(options);
        return await ConsolePage.OpenAsync(await _browser.NewContextAsync(options), host);
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
