using System.Text.Json.Serialization;
using Yggdrasil.Load.Models;
using Yggdrasil.Load.Reporting;
using Yggdrasil.Load.Scenarios;

namespace Yggdrasil.Load;

/// <summary>A load test as it was asked for. Tokens are not shown in reports.</summary>
/// <param name="Users">Closed model: users. Open model: the most runs in flight.</param>
/// <param name="Rate">Runs per second, in the open model; null means the closed one.</param>
/// <param name="Turns">Turns of a conversation.</param>
internal sealed record LoadPlan(
    Uri BaseUrl,
    string Agent,
    string Mix,
    int Users,
    double? Rate,
    bool ConstantArrivals,
    TimeSpan WarmUp,
    TimeSpan Duration,
    TimeSpan Think,
    TimeSpan Timeout,
    TimeSpan Drain,
    int Turns,
    int Seed,
    Thresholds Thresholds,
    [property: JsonIgnore] IReadOnlyList<string> Tokens)
{
    public string Model => Rate is null ? "closed" : "open";

    public TimeSpan Length() => WarmUp + Duration;

    public ScenarioMix Scenarios() => ScenarioMix.Parse(Mix);

    public ILoadModel LoadModel(TimeProvider time) => Rate is { } rate
        ? new OpenModel(ConstantArrivals ? Arrivals.Constant(rate) : Arrivals.Poisson(rate, new Random(Seed)), Users, Drain, time)
        : new ClosedModel(Users, Think, rampUp: WarmUp / 2);
}
