using System.Text.Json;
using System.Text.Json.Serialization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Approvals;

/// <summary>A tool call that waits for somebody outside: for a human to decide about it, or for the caller to make it.</summary>
/// <param name="CallId">Our id of the call within its run.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="Arguments">What the model wants to call it with. Content.</param>
/// <param name="ArgumentsHash">Names exactly this call with exactly these arguments; a decision has to repeat it.</param>
/// <param name="ExpiresAt">Until when it can be decided.</param>
public sealed record PendingApproval(string CallId, string Tool, JsonElement Arguments, string ArgumentsHash, DateTimeOffset ExpiresAt)
{
    /// <summary>It waits for the caller of the run to make it, and nobody is asked whether it may be made.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsWithClient { get; init; }

    internal static PendingApproval Of(Run run, PendingCall call, DateTimeOffset expiresAt)
    {
        using var arguments = JsonDocument.Parse(ArgumentJson.Of(call.Content.Arguments).Text, ArgumentJson.Rules);
        return new(call.CallId, call.Content.Name, arguments.RootElement.Clone(), Approvals.ArgumentsHash.Of(run.Id, call), expiresAt);
    }
}
