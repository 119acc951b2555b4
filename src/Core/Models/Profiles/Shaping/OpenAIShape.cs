using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

// SCME0001: fields that OpenAI's own API does not have can only be written as patches of the package's types.
#pragma warning disable SCME0001

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Requests of OpenAI's package, for OpenAI and everybody who speaks its chat completions.</summary>
internal sealed class OpenAIShape(ProviderProfile profile, string model) : RequestShape(profile, model)
{
    private const string Refusal = "Refusal";

    public override AnswerReader Reader() => new OpenAIAnswerReader(Profile, Model);

    protected override ShapedRequest Shape(List<ChatMessage> messages, ChatOptions options, string? affinity)
    {
        var effort = EffortOf(options);
        var maxTokens = options.MaxOutputTokens;
        (options.Reasoning, options.MaxOutputTokens) = (null, null);
        options.RawRepresentationFactory = _ => Options(maxTokens, effort, affinity);
        for (var index = 0; index < messages.Count; index++)
        {
            if (messages[index].Role == ChatRole.Assistant)
            {
                messages[index] = new ChatMessage(ChatRole.Assistant, messages[index].Contents) { RawRepresentation = Assistant(messages[index]) };
            }
        }

        if (Profile.PromptCaching == PromptCaching.Marks)
        {
            OpenAICacheMarks.Set(messages);
        }

        return new(messages, options);
    }

    private ChatCompletionOptions Options(int? maxTokens, string? effort, string? affinity)
    {
        var options = new ChatCompletionOptions();
        if (maxTokens is { } most)
        {
            options.Patch.Set(Encoding.UTF8.GetBytes($"$.{Profile.MaxTokensField}"), most);
        }

        if (affinity is not null && Profile.PromptCaching == PromptCaching.Key)
        {
            options.Patch.Set("$.prompt_cache_key"u8, affinity);
        }

        if (effort is not null)
        {
            SetEffort(options, effort);
        }

        foreach (var field in Profile.RefusedFields)
        {
            options.Patch.Remove(Encoding.UTF8.GetBytes($"$.{field}"));
        }

        return options;
    }

    private void SetEffort(ChatCompletionOptions options, string effort)
    {
        switch (Profile.EffortForm)
        {
            case EffortForm.Switch when effort == Profile.Efforts.None:
                options.Patch.Set("$.thinking"u8, """{"type":"disabled"}"""u8);
                break;
            case EffortForm.Field or EffortForm.Switch:
                options.Patch.Set("$.reasoning_effort"u8, effort);
                break;
            case EffortForm.Nested:
                options.Patch.Set("$.reasoning"u8, JsonSerializer.SerializeToUtf8Bytes(new { effort }));
                break;
        }
    }

    private AssistantChatMessage Assistant(ChatMessage message)
    {
        var text = TextOf(message);
        List<ChatToolCall> calls = [.. message.Contents.OfType<FunctionCallContent>().Select(Call)];
        AssistantChatMessage assistant;
        if (calls.Count == 0)
        {
            assistant = new AssistantChatMessage(text);
        }
        else
        {
            assistant = new AssistantChatMessage(calls);
            if (text.Length > 0)
            {
                assistant.Content.Add(ChatMessageContentPart.CreateTextPart(text));
            }
            else
            {
                // Some demand the field beside calls, others refuse an empty text.
                assistant.Patch.SetNull("$.content"u8);
            }
        }

        SetReasoning(assistant, [.. message.Contents.OfType<TextReasoningContent>()]);
        return assistant;
    }

    /// <summary>A refusal is what the assistant said: hardly a provider but OpenAI takes a field of its own for it.</summary>
    private static string TextOf(ChatMessage message) => string.Concat(message.Contents.Select(content => content switch
    {
        TextContent text => text.Text,
        ErrorContent { ErrorCode: Refusal } refusal => refusal.Message,
        _ => "",
    }));

    private void SetReasoning(AssistantChatMessage assistant, List<TextReasoningContent> reasoning)
    {
        if (reasoning.FindLast(content => ExtraContent.OfMessage(content) is not null) is { } signed)
        {
            assistant.Patch.Set("$.extra_content"u8, Encoding.UTF8.GetBytes(signed.ProtectedData!));
        }

        if (Profile.ReturnedReasoning == ReturnedReasoning.Details)
        {
            if (reasoning.Find(content => content.ProtectedData is ['[', ..]) is { } detailed)
            {
                assistant.Patch.Set("$.reasoning_details"u8, Encoding.UTF8.GetBytes(detailed.ProtectedData!));
            }

            return;
        }

        var thought = string.Concat(reasoning.Select(content => content.Text));
        var text = thought.Length > 0 ? thought : Profile.MissingReasoning;
        if (text is { Length: 0 })
        {
            // As JSON: a patch takes no empty text.
            assistant.Patch.Set("$.reasoning_content"u8, "\"\""u8);
        }
        else if (text is not null)
        {
            assistant.Patch.Set("$.reasoning_content"u8, text);
        }
    }

    private static ChatToolCall Call(FunctionCallContent content)
    {
        var call = ChatToolCall.CreateFunctionToolCall(content.CallId, content.Name, BinaryData.FromString(WrittenArguments.Of(content)));
        if (ExtraContent.Find(content) is { } extra)
        {
            call.Patch.Set(ExtraContent.Path, Encoding.UTF8.GetBytes(extra.GetRawText()));
        }

        return call;
    }
}
