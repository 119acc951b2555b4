using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Models.Tracing;

/// <summary>What telemetry may know of an answer: who gave it, why it ended, what it consumed.</summary>
internal sealed class ChatOutcome
{
    public string? Model { get; private set; }

    /// <summary>What the provider calls the model that answered.</summary>
    public string? ResponseModel { get; private set; }

    public string? ResponseId { get; private set; }

    public ChatFinishReason? FinishReason { get; private set; }

    public UsageDetails? Usage { get; private set; }

    public static ChatOutcome Of(ChatResponse response) => new()
    {
        Model = response.ModelId,
        ResponseModel = NamedModelChatClient.SaidBy(response),
        ResponseId = response.ResponseId,
        FinishReason = response.FinishReason,
        Usage = response.Usage,
    };

    /// <summary>Adds an update of a streamed answer.</summary>
    public void Add(ChatResponseUpdate update)
    {
        Model = update.ModelId ?? Model;
        ResponseModel = NamedModelChatClient.SaidBy(update.AdditionalProperties) ?? ResponseModel;
        ResponseId = update.ResponseId ?? ResponseId;
        FinishReason = update.FinishReason ?? FinishReason;
        foreach (var usage in update.Contents.OfType<UsageContent>())
        {
            (Usage ??= new UsageDetails()).Add(usage.Details);
        }
    }
}
