using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Problems in the form of OpenAI's API, for everything below <c>/v1</c>.</summary>
internal static class OpenAIErrors
{
    private const string InvalidRequest = "invalid_request_error";
    private const string ServerError = "server_error";

    /// <summary>Whether a path is answered in OpenAI's form.</summary>
    public static bool Speaks(PathString path) => path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase);

    public static IResult Create(HttpContext http, ProblemException problem)
    {
        var (status, _) = ProblemResults.StatusOf(problem);
        ProblemResults.WriteHeaders(http, problem);
        if (IsFinal(problem))
        {
            // Clients repeat 409, 429 and 5xx by themselves; here that would come to the same, or do again what was done.
            http.Response.Headers["x-should-retry"] = "false";
        }

        return OpenAIJson.Answer(Document(http.Request.Path, problem), problem is RunEndedException { Code: QuotaCode } ? StatusCodes.Status429TooManyRequests : status);
    }

    public static IResult Internal(string errorId) =>
        OpenAIJson.Answer(Document($"The failure is recorded as {errorId}.", ServerError, null, "internal_error"), StatusCodes.Status500InternalServerError);

    /// <summary>The body of an error; also a frame of a stream that has begun.</summary>
    public static JsonObject Document(PathString path, ProblemException problem)
    {
        var (type, code) = KindOf(problem);
        if (problem is InvalidRequestException { Errors: var errors } && errors.FirstOrDefault() is { Key: { } field } first)
        {
            var param = NameOf(path, field);
            return Document($"{param}: {string.Join(' ', first.Value)}", type, param, problem.Reason);
        }

        return Document(problem.Message, type, problem.Reason is "model_not_found" ? "model" : null, problem.Reason ?? code);
    }

    private const string QuotaCode = "quota_exceeded";

    private static (string Type, string? Code) KindOf(ProblemException problem) => problem switch
    {
        UnauthenticatedException => (InvalidRequest, "invalid_api_key"),
        ForbiddenException => ("permission_error", null),
        QuotaExceededException or RunEndedException { Code: QuotaCode } => ("insufficient_quota", "insufficient_quota"),
        LimitException => ("rate_limit_error", "rate_limit_exceeded"),
        ConflictException => (InvalidRequest, problem.Code == "conflict" ? "conversation_locked" : problem.Code),
        StorageUnavailableException or ProviderUnavailableException or RunEndedException => (ServerError, problem.Code),
        _ => (InvalidRequest, problem.Code),
    };

    private static bool IsFinal(ProblemException problem) => problem is ConflictException or QuotaExceededException or RunEndedException;

    /// <summary>What a field is called in the protocol, whose rules are checked by our own names.</summary>
    private static string NameOf(PathString path, string field)
    {
        var isChat = path.StartsWithSegments("/v1/chat", StringComparison.OrdinalIgnoreCase);
        return field switch
        {
            "responseSchema" => isChat ? "response_format" : "text.format",
            "input" when isChat => "messages",
            "maxOutputTokens" when isChat => "max_completion_tokens",
            "conversationId" => "conversation",
            _ when field.StartsWith("clientTools", StringComparison.Ordinal) => $"tools{field["clientTools".Length..]}",
            _ when field.All(char.IsAsciiLetter) => JsonNamingPolicy.SnakeCaseLower.ConvertName(field),
            _ => field,
        };
    }

    private static JsonObject Document(string message, string type, string? param, string? code) => new()
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = type, ["param"] = param, ["code"] = code },
    };
}
