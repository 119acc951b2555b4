using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.Functions.Http.Operations;

/// <summary>The health of the app: the overall status for everybody, each check for operators.</summary>
public sealed class HealthFunctions(HealthService health, TimeProvider time)
{
    [Function(nameof(Health))]
    public async Task<IResult> Health([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "health")] HttpRequest request)
    {
        var report = await health.GetAsync(request.HttpContext.RequestAborted);
        var isForOperators = request.HttpContext.FindCaller() is { IsOperator: true };
        return Answers.Json(
            new HealthDocument(report.Status, HealthService.Version, time.GetUtcNow())
            {
                Checks = isForOperators ? report.Checks.ToDictionary(check => check.Name, CheckDocument.From) : null,
            },
            report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    [Function(nameof(ListHealth))]
    public async Task<IResult> ListHealth([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/health/history")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await health.ListAsync(request.Caller(), limit, after, request.HttpContext.RequestAborted), HealthHistoryDocument.From);
    }
}

internal sealed record HealthDocument(HealthStatus Status, string Version, DateTimeOffset Timestamp)
{
    public IReadOnlyDictionary<string, CheckDocument>? Checks { get; init; }
}

internal sealed record CheckDocument(HealthStatus Status, double DurationMs, string Detail, DateTimeOffset CheckedAt)
{
    public static CheckDocument From(HealthCheck check) => new(check.Status, check.DurationMs, check.Detail, check.CheckedAt);
}

/// <summary>A minute of the history.</summary>
internal sealed record HealthHistoryDocument(DateTimeOffset CheckedAt, HealthStatus Status, IReadOnlyDictionary<string, CheckDocument> Checks)
{
    public static HealthHistoryDocument From(HealthReport report) => new(
        report.CheckedAt, report.Status, report.Checks.ToDictionary(check => check.Name, CheckDocument.From));
}
