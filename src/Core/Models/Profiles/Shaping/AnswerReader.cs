using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Keeps, in the contents of one answer, what its model wants back later.</summary>
/// <param name="model">The model that answers, as <c>provider:model</c>.</param>
internal class AnswerReader(string model)
{
    public virtual void Read(ChatResponse response)
    {
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
        {
            Note(content);
        }
    }

    public virtual void Read(ChatResponseUpdate update)
    {
        for (var index = 0; index < update.Contents.Count; index++)
        {
            Note(update.Contents[index]);
        }
    }

    /// <summary>What the model wrote as the arguments of a call; null where the package does not say.</summary>
    protected virtual string? TextOf(FunctionCallContent call) => null;

    private void Note(AIContent content)
    {
        switch (content)
        {
            case FunctionCallContent call:
                WrittenArguments.Note(call, TextOf(call));
                Provenance.Note(call, model);
                break;
            case TextReasoningContent:
                Provenance.Note(content, model);
                break;
        }
    }
}
