using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Functions.Http.Users;

public sealed class UsageFunctions(UsageService usage)
{
    private const string Days = "days";
    private const int DefaultDays = 7;
    private const int MaxDays = 90;

    [Function(nameof(GetUsage))]
    public async Task<IResult> GetUsage([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/usage")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, Days, RequestScope.UserId);
        var days = RequestHeaders.ReadNumber(request, Days, DefaultDays, MaxDays);
        return Answers.Json(UsageDocument.From(await usage.GetAsync(request.Scope(), days, request.HttpContext.RequestAborted)));
    }
}

/// <summary>A user's limits and use, as the contract shows them; days newest first, today included.</summary>
internal sealed record UsageDocument(UsageLimits Limits, UsageDay Today, IReadOnlyList<UsageDay> Days)
{
    public static UsageDocument From(Usage usage) => new(usage.Limits, usage.Days[0], usage.Days);
}
