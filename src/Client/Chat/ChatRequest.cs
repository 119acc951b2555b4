using Microsoft.Extensions.AI;

namespace Yggdrasil.Client;

/// <summary>What a request of Microsoft.Extensions.AI asks of a run.</summary>
internal static class ChatRequest
{
    private const char Separator = '/';

    /// <summary>The name of a call outside of its run.</summary>
    public static string CallIdOf(string runId, string callId) => $"{runId}{Separator}{callId}";

    /// <summary>The run whose calls the last messages answer, and the answers; null where they begin a run.</summary>
    public static (string RunId, IReadOnlyList<(string CallId, FunctionResultContent Result)> Results)? Continuation(IReadOnlyList<ChatMessage> messages)
    {
        var results = messages.Reverse().TakeWhile(message => message.Role == ChatRole.Tool).Reverse()
            .SelectMany(message => message.Contents.OfType<FunctionResultContent>()).ToList();
        if (results.Count == 0)
        {
            return null;
        }

        var answers = results.ConvertAll(result => (Id: result.CallId.Split(Separator, 2), Result: result));
        var runId = answers[0].Id[0];
        return answers.TrueForAll(answer => answer.Id.Length == 2 && answer.Id[0] == runId)
            ? (runId, answers.ConvertAll(answer => (answer.Id[1], answer.Result)))
            : throw new ArgumentException("The last messages have results of calls that this client did not ask for.", nameof(messages));
    }

    /// <summary>The run that a request begins.</summary>
    public static StartRun Start(IChatClient client, IReadOnlyList<ChatMessage> messages, ChatOptions? options)
    {
        var start = options?.RawRepresentationFactory?.Invoke(client) as StartRun ?? new StartRun { Input = "" };
        var instructions = string.Join("\n\n", messages.Where(message => message.Role == ChatRole.System).Select(message => message.Text)
            .Prepend(options?.Instructions).Prepend(start.Instructions).Where(text => !string.IsNullOrEmpty(text)));
        var conversation = options?.ConversationId ?? start.ConversationId;
        var tools = options?.Tools?.OfType<AIFunctionDeclaration>().Select(ToolOf).ToArray();
        return start with
        {
            Input = InputOf(messages, conversation),
            ConversationId = conversation,
            Instructions = instructions.Length == 0 ? null : instructions,
            Temperature = options?.Temperature ?? start.Temperature,
            MaxOutputTokens = options?.MaxOutputTokens ?? start.MaxOutputTokens,
            ReasoningEffort = EffortOf(options?.Reasoning?.Effort) ?? start.ReasoningEffort,
            ResponseSchema = (options?.ResponseFormat as ChatResponseFormatJson)?.Schema ?? start.ResponseSchema,
            ToolChoice = options?.ToolMode switch
            {
                NoneChatToolMode => "none",
                RequiredChatToolMode => "required",
                _ => start.ToolChoice,
            },
            ClientTools = tools is { Length: > 0 } ? tools : start.ClientTools,
        };
    }

    private static ClientTool ToolOf(AIFunctionDeclaration function) =>
        new() { Name = function.Name, Description = string.IsNullOrEmpty(function.Description) ? null : function.Description, Parameters = function.JsonSchema };

    private static RunInput InputOf(IReadOnlyList<ChatMessage> messages, string? conversation)
    {
        var said = messages.Where(message => message.Role == ChatRole.User || message.Role == ChatRole.Assistant).ToList();
        if (said.SelectMany(message => message.Contents).FirstOrDefault(content => content is DataContent or UriContent or HostedFileContent) is { } content)
        {
            throw new NotSupportedException($"A {content.GetType().Name} is not sent to agents; send text, or use RunInput.FromJson in RawRepresentationFactory.");
        }

        if (conversation is not null)
        {
            // The server has what was said before.
            return string.Join("\n\n", said.Where(message => message.Role == ChatRole.User).Select(message => message.Text));
        }

        var texts = said.Where(message => message.Text.Length > 0).Select(message => new InputMessage(message.Role.Value, message.Text)).ToArray();
        return texts is [{ Role: "user" } only] ? only.Content : texts;
    }

    private static string? EffortOf(ReasoningEffort? effort) => effort switch
    {
        ReasoningEffort.None => "none",
        ReasoningEffort.Low => "low",
        ReasoningEffort.Medium => "medium",
        ReasoningEffort.High => "high",
        ReasoningEffort.ExtraHigh => "xhigh",
        _ => null,
    };
}
