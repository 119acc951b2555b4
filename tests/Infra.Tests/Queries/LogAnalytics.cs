namespace Yggdrasil.Infra.Tests.Queries;

/// <summary>Microsoft's own parser of queries, with the tables that Application Insights has in a workspace.</summary>
internal static class LogAnalytics
{
    private const string Common = "TimeGenerated: datetime, OperationId: string, ParentId: string, OperationName: string, ItemCount: int, "
        + "Properties: dynamic, AppRoleName: string, AppRoleInstance: string, _ResourceId: string";

    // As far as they are asked for: https://learn.microsoft.com/azure/azure-monitor/reference/tables-index
    private static readonly Dictionary<string, string> Tables = new()
    {
        ["AppMetrics"] = $"{Common}, Name: string, Sum: real, Min: real, Max: real",
        ["AppRequests"] = $"{Common}, Id: string, Name: string, Url: string, DurationMs: real, ResultCode: string, Success: bool",
        ["AppDependencies"] = $"{Common}, Id: string, Name: string, Target: string, DependencyType: string, DurationMs: real, ResultCode: string, Success: bool",
        ["FunctionAppLogs"] = "TimeGenerated: datetime, Level: string, Category: string, Message: string, FunctionName: string",
        ["AppTraces"] = $"{Common}, Message: string, SeverityLevel: int",
        ["AppExceptions"] = $"{Common}, ProblemId: string, ExceptionType: string, OuterMessage: string, SeverityLevel: int",
    };

    /// <summary>What is wrong with each query, and the columns of its result.</summary>
    public static Task<Dictionary<string, CheckedQuery>> CheckAsync(IReadOnlyDictionary<string, string> queries) =>
        NodeChecks.RunAsync<Dictionary<string, CheckedQuery>>("queries.mjs", new { tables = Tables, queries });
}

internal sealed record CheckedQuery(IReadOnlyList<string> Errors, IReadOnlyDictionary<string, string> Columns);
