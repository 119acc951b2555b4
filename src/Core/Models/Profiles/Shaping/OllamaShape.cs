using Microsoft.Extensions.AI;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using ChatRole = Microsoft.Extensions.AI.ChatRole;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Requests of Ollama's own API. The package's adapter would wrap tools' results and name no tool.</summary>
internal sealed class OllamaShape(ProviderProfile profile, string model) : RequestShape(profile, model)
{
    private const int LeastContext = 8192;
    private const int CharactersPerToken = 3;
    private const int DefaultAnswer = 4096;

    public override AnswerReader Reader() => new OllamaAnswerReader(Model);

    protected override ShapedRequest Shape(List<ChatMessage> messages, ChatOptions options, string? affinity)
    {
        var effort = Profile.EffortForm == EffortForm.Think ? options.Reasoning?.Effort : null;
        options.Reasoning = null;
        var request = new ChatRequest
        {
            Messages = [.. Messages(messages)],
            Options = new RequestOptions { NumCtx = Profile.ContextTokens ?? ContextFor(messages, options) },
            Think = effort is { } asked ? EffortOf(asked) : (ThinkValue?)null,
        };
        options.RawRepresentationFactory = _ => request;
        return new([], options);
    }

    /// <summary>Most models only know whether to think; gpt-oss knows how much.</summary>
    private ThinkValue EffortOf(ReasoningEffort effort) => effort switch
    {
        ReasoningEffort.None => false,
        _ when !Model.Contains("gpt-oss", StringComparison.OrdinalIgnoreCase) => true,
        ReasoningEffort.Low => ThinkValue.Low,
        ReasoningEffort.Medium => ThinkValue.Medium,
        _ => ThinkValue.High,
    };

    private static IEnumerable<Message> Messages(List<ChatMessage> messages)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in messages)
        {
            var calls = message.Contents.OfType<FunctionCallContent>().ToList();
            calls.ForEach(call => names[call.CallId] = call.Name);
            foreach (var result in message.Contents.OfType<FunctionResultContent>())
            {
                yield return new Message
                {
                    Role = new(ChatRole.Tool.Value),
                    Content = result.Result as string ?? result.Result?.ToString() ?? "",
                    ToolName = names.GetValueOrDefault(result.CallId),
                };
            }

            if (message.Role != ChatRole.Tool)
            {
                yield return Spoken(message, calls);
            }
        }
    }

    private static Message Spoken(ChatMessage message, List<FunctionCallContent> calls)
    {
        var thinking = string.Concat(message.Contents.OfType<TextReasoningContent>().Select(reasoning => reasoning.Text));
        string[] images = [.. message.Contents.OfType<DataContent>().Where(data => data.HasTopLevelMediaType("image")).Select(data => data.Base64Data.ToString())];
        return new Message
        {
            Role = new(message.Role.Value),
            Content = message.Text,
            Thinking = thinking.Length > 0 ? thinking : null,
            Images = images.Length > 0 ? images : null,
            ToolCalls = calls.Count == 0 ? null : [.. calls.Select(call => new Message.ToolCall
            {
                Function = new Message.Function { Name = call.Name, Arguments = call.Arguments },
            })],
        };
    }

    /// <summary>
    /// Powers of two, because a model is loaded anew for each other size. Ollama cuts a prompt that does not fit, from its
    /// beginning and without a word, and by itself takes 4,096.
    /// </summary>
    private static int ContextFor(List<ChatMessage> messages, ChatOptions options)
    {
        long characters = messages.SelectMany(message => message.Contents).Sum(content => content switch
        {
            TextContent text => text.Text.Length,
            TextReasoningContent reasoning => reasoning.Text.Length,
            FunctionCallContent call => call.Name.Length + WrittenArguments.Of(call).Length,
            FunctionResultContent { Result: string result } => result.Length,
            _ => 0L,
        });
        characters += (options.Tools ?? []).OfType<AIFunctionDeclaration>()
            .Sum(tool => tool.Name.Length + tool.Description.Length + tool.JsonSchema.GetRawText().Length);
        var tokens = (characters / CharactersPerToken) + (options.MaxOutputTokens ?? DefaultAnswer);
        long context = LeastContext;
        while (context < tokens && context < int.MaxValue / 2)
        {
            context *= 2;
        }

        return (int)context;
    }
}
