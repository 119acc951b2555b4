using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Limits;

namespace Yggdrasil.Functions.Http.Users;

/// <summary>Reads the body of a request that gives a user limits. What is absent or null is taken back.</summary>
internal static class LimitsRequest
{
    /// <exception cref="InvalidRequestException">The body is no such request; every mistake is named. Ranges are not looked at.</exception>
    public static UsageLimits Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var limits = new UsageLimits
        {
            TokensPerDay = fields.Long("tokensPerDay"),
            CostPerDayUsd = fields.Decimal("costPerDayUsd"),
            RequestsPerMinute = fields.Integer("requestsPerMinute"),
            ConcurrentRuns = fields.Integer("concurrentRuns"),
        };
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return limits;
    }
}
