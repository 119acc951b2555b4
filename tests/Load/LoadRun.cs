using Yggdrasil.Load.Measuring;
using Yggdrasil.Load.Models;
using Yggdrasil.Load.Reporting;

namespace Yggdrasil.Load;

/// <summary>Carries out a plan.</summary>
/// <param name="progress">Where the live line goes.</param>
internal sealed class LoadRun(LoadPlan plan, TextWriter progress, bool interactive, TimeProvider time)
{
    /// <exception cref="LoadException">The host cannot be reached, or refuses the token or the agent.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken stop)
    {
        using var http = Http();
        var client = new RunClient(http, plan.Agent, plan.Timeout);
        if (await client.ProblemAsync(VirtualUsers.TokenOf(plan.Tokens, 0), stop) is { } problem)
        {
            throw new LoadException(problem);
        }

        var users = new VirtualUsers(client, plan.Scenarios(), plan.Users, plan.Turns, plan.Tokens, plan.Seed);
        var recorder = new Recorder(plan.WarmUp, plan.Duration);
        var startedAt = time.GetUtcNow();
        var clock = new LoadClock(time);
        using var ended = new CancellationTokenSource();
        var line = new ProgressLine(progress, interactive, plan, recorder, clock).ShowAsync(ended.Token);
        await plan.LoadModel(time).DriveAsync(users.PlayAsync, recorder, clock, plan.Length(), stop);
        await ended.CancelAsync();
        await line;
        return LoadReport.Of(startedAt, plan, recorder.Measurement(until: clock.Elapsed));
    }

    private HttpClient Http() => new(new SocketsHttpHandler
    {
        // One connection for each user, as users have; old ones are replaced so that a host that scales out is found.
        MaxConnectionsPerServer = plan.Users,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseCookies = false,
        AllowAutoRedirect = false,
    })
    {
        BaseAddress = plan.BaseUrl,
        // Each run has a bound of its own.
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };
}
