using Microsoft.Extensions.AI;
using OllamaSharp.Models.Chat;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Reads answers of Ollama. One that says it only loaded the model has no end, and so is none.</summary>
internal sealed class OllamaAnswerReader(string model) : AnswerReader(model)
{
    private const string Loaded = "load";

    public override void Read(ChatResponse response)
    {
        base.Read(response);
        if (response.RawRepresentation is ChatDoneResponseStream { DoneReason: Loaded })
        {
            response.FinishReason = null;
        }
    }

    public override void Read(ChatResponseUpdate update)
    {
        base.Read(update);
        if (update.RawRepresentation is ChatDoneResponseStream { DoneReason: Loaded })
        {
            update.FinishReason = null;
        }
    }
}
