using System.Buffers;

namespace Yggdrasil.Models.Failures;

/// <summary>The words by which vendors' errors are told apart. Codes where there are some; most only say it in prose.</summary>
internal static class UpstreamErrorMarks
{
    private static readonly SearchValues<string> ContentFilter = Marks(
        "content_filter", "content_policy", "ResponsibleAIPolicyViolation", "content management policy", "content_moderation", "data_inspection_failed",
        "moderation_blocked", "prohibited_content");

    private static readonly SearchValues<string> Slip = Marks(
        "tool_use_failed", "Failed to call a function", "tool call validation failed", "json_validate_failed", "Failed to generate JSON",
        "malformed_function_call", "error parsing tool call");

    private static readonly SearchValues<string> OverRate = Marks(
        "request too large for", "tokens_limit_reached", "input or output tokens must be reduced");

    private static readonly SearchValues<string> Rate = Marks(
        "rate_limit", "rate limit", "per minute", "per min", "per day", "per hour", "per second", "(TPM)", "(TPD)", "(RPM)", "(RPD)", "too many requests",
        "throttl");

    private static readonly SearchValues<string> Quota = Marks(
        "insufficient_quota", "credit balance", "insufficient balance", "insufficient_balance", "insufficient credit", "insufficient_credit",
        "insufficient funds", "billing_hard_limit", "billing hard limit", "billing_not_active", "billing_error", "out of credits", "run out of credit",
        "used all available credits", "monthly spending limit", "spending limit", "more credits", "payment required", "payment_required",
        "account is in arrears", "Arrearage", "account is not active");

    // OpenAI, Groq and llama.cpp have codes; the rest say it in words.
    private static readonly SearchValues<string> Context = Marks(
        "context_length_exceeded", "exceed_context_size", "request_too_large", "prompt is too long", "prompt too long", "input is too long",
        "input too long", "maximum context length", "maximum context", "max context", "exceeds the maximum number of tokens", "context length", "context size",
        "context window", "context limit", "context overflow", "context_window", "maximum prompt length", "maximum model length", "max_model_len",
        "model token limit", "exceeds max length", "too many tokens", "too many input tokens", "tokens + `max_new_tokens`", "reduce the length",
        "must have less than", "string_above_max_length", "exceeds the limit of tokens", "input token count", "range of input length");

    private static readonly SearchValues<string> Model = Marks(
        "model_not_found", "model_decommissioned", "decommissioned", "model_not_available", "ModelNotFound", "DeploymentNotFound", "deployment does not exist",
        "model does not exist", "model not found", "unknown model", "invalid model", "invalid_model", "not a valid model", "no endpoints found",
        "model is not available", "model not available", "model is not supported", "does not exist or you do not have access", "has been deprecated",
        "has been retired", "no longer available", "no longer supported", "is not found for API version", "not_found_error", "model_unavailable",
        "model not loaded", "no models loaded", "does not support", "not supported with this model", "not supported by this model",
        "not supported for this model", "unsupported_country", "user location is not supported", "location is not supported", "not available in your region",
        "not available in your country", "unsupported_region", "region is not supported", "on-demand throughput isn");

    /// <summary>What the texts of an error mean.</summary>
    public static UpstreamErrorKind KindOf(IReadOnlyList<string> texts) =>
        Mentions(texts, ContentFilter) ? UpstreamErrorKind.ContentFilter
        : Mentions(texts, Slip) ? UpstreamErrorKind.ModelSlip
        : Mentions(texts, Quota) ? UpstreamErrorKind.QuotaExhausted
        : Mentions(texts, OverRate) ? UpstreamErrorKind.OverRate
        : Mentions(texts, Rate) ? UpstreamErrorKind.RateLimited
        : Mentions(texts, Context) ? UpstreamErrorKind.ContextTooLong
        : Mentions(texts, Model) || texts.Any(IsMissingModel) ? UpstreamErrorKind.ModelUnavailable
        : UpstreamErrorKind.Other;

    /// <summary>The status that a type or code of an error stands for, where it came without one.</summary>
    public static int? StatusOf(string? type) => type?.ToLowerInvariant() switch
    {
        "invalid_request_error" or "invalid_argument" or "failed_precondition" or "bad_request" or "badrequesterror" or "out_of_range" => 400,
        "authentication_error" or "unauthenticated" or "invalid_api_key" => 401,
        "billing_error" => 402,
        "permission_error" or "permission_denied" => 403,
        "not_found_error" or "not_found" => 404,
        "request_too_large" => 413,
        "rate_limit_error" or "rate_limit_exceeded" or "resource_exhausted" or "rate_limited" or "too_many_requests" or "insufficient_quota" => 429,
        "timeout_error" or "deadline_exceeded" => 504,
        "overloaded_error" or "overloaded" or "engine_overloaded" => 529,
        "unavailable" or "service_unavailable" => 503,
        "api_error" or "server_error" or "internal" or "internal_server_error" or "internal_error" or "internalservererror" => 500,
        _ => null,
    };

    /// <summary>"model 'llama9' not found", "The model `x` does not exist", and the like: the name stands in between.</summary>
    private static bool IsMissingModel(string text) =>
        text.Contains("model", StringComparison.OrdinalIgnoreCase)
        && (text.Contains("not found", StringComparison.OrdinalIgnoreCase) || text.Contains("does not exist", StringComparison.OrdinalIgnoreCase));

    private static bool Mentions(IReadOnlyList<string> texts, SearchValues<string> marks) => texts.Any(text => text.AsSpan().ContainsAny(marks));

    private static SearchValues<string> Marks(params string[] marks) => SearchValues.Create(marks, StringComparison.OrdinalIgnoreCase);
}
