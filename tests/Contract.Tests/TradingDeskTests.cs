using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Yggdrasil.Fixtures;
using Yggdrasil.Samples;

namespace Yggdrasil.Contract.Tests;

/// <summary>samples/trading-desk, as its page says to run it.</summary>
public sealed class TradingDeskTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-desk-").FullName;
    private readonly WebApplication _market = Market.Build(["--urls", "http://127.0.0.1:0"]);
    private LocalHostProcess _host = null!;

    private Uri MarketAddress => new(_market.Urls.Single());

    public async Task InitializeAsync()
    {
        await _market.StartAsync();
        _host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>
        {
            ["Tools__Http__AllowedHosts__0"] = MarketAddress.Authority,
            ["Tools__Http__AllowPrivateNetworks"] = "true",
        });
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _market.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Fact]
    public async Task Order_goes_out_once_when_it_is_approved_and_not_at_all_when_it_is_not()
    {
        var denied = await TradeAsync("n");
        var approved = await TradeAsync("y");

        Assert.Contains("Orders at the market: []", denied, StringComparison.Ordinal);
        Assert.Contains("The desk is done, completed:", approved, StringComparison.Ordinal);
        Assert.Contains("104.2", approved, StringComparison.Ordinal);
        Assert.Contains("37.55", approved, StringComparison.Ordinal);
        Assert.Contains("= 1000.", approved, StringComparison.Ordinal);
        Assert.Contains("agent_execution: run run_", approved, StringComparison.Ordinal);
        Assert.EndsWith("""Orders at the market: [{"number":1,"text":"BUY 9 ACME LIMIT 105","state":"filled"}]""", approved.TrimEnd(), StringComparison.Ordinal);
    }

    private async Task<string> TradeAsync(string answer)
    {
        var start = new ProcessStartInfo("bash", [Checkout.PathOf("samples", "trading-desk", "desk.sh")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DESK_URL"] = _host.Http.BaseAddress!.ToString().TrimEnd('/'),
                ["MARKET_URL"] = MarketAddress.ToString().TrimEnd('/'),
                ["DESK_APPROVE"] = answer,
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{output}\n{await errors}");
        return output;
    }
}
