using Yggdrasil.Identity;

namespace Yggdrasil.Work.Prompts;

/// <summary>Why a prompt can never become a run.</summary>
/// <param name="Code">One of <see cref="PromptCodes"/>, or that of the problem that a request would have got.</param>
/// <param name="Detail">What is wrong and how to correct it. Kept protected: it may name fields of the sender's.</param>
/// <param name="PromptId">As far as it could be read.</param>
/// <param name="Owner">As far as it could be read.</param>
public sealed record PromptRejection(string Code, string Detail, string? PromptId = null, Owner? Owner = null, string? AgentId = null);

/// <summary>The codes of rejected prompts that requests do not have.</summary>
public static class PromptCodes
{
    /// <summary>It is no Base64, no JSON, or lacks a field or has one too many.</summary>
    public const string Malformed = "malformed";

    public const string TooLarge = "payload_too_large";
    public const string UnknownVersion = "unknown_version";
    public const string UnknownAgent = "unknown_agent";
    public const string UserDisabled = "user_disabled";

    /// <summary>All attempts failed for reasons that are not the prompt's.</summary>
    public const string AttemptsExhausted = "attempts_exhausted";
}

/// <summary>A message that is no prompt.</summary>
public sealed class PromptRejectedException(PromptRejection rejection) : Exception(rejection.Code)
{
    public PromptRejection Rejection { get; } = rejection;
}
