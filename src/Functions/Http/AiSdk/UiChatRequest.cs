using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.AiSdk;

/// <summary>What <c>useChat</c> of AI SDK sends.</summary>
/// <param name="Answers">The answers to what that run waits for, where the last message is its own.</param>
/// <param name="Start">What is to be run, but for its input.</param>
internal sealed record UiChatRequest(ChatState Chat, IReadOnlyList<InputItem> Answers, StartRun Start, ReadOnlyMemory<byte> Sent)
{
    /// <summary>The largest body, in bytes: whole chats are sent.</summary>
    private const int MaxBodyBytes = 8 * 1024 * 1024;

    private const string Messages = "messages";
    private const string Message = "message";

    /// <exception cref="InvalidRequestException">The body is not a valid request; the field is named.</exception>
    public static async Task<UiChatRequest> ReadAsync(HttpRequest request)
    {
        var sent = await RequestBody.ReadAsync(request, MaxBodyBytes);
        var fields = new JsonFields(RequestBody.ParseObject(sent), new FieldErrors());
        var id = fields.String("id") ?? "";
        fields.Errors.Require(Ids.IsValid(id), "id", "Is required: the chat's id, [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");

        // They name what the client shows, which the messages say as well.
        fields.Get("trigger");
        fields.Get("messageId");
        var (list, one) = (fields.Get(Messages), fields.Get(Message));
        var start = RunRequest.ReadBesideInput(fields) with { InputIsList = true, Stream = true };
        fields.RejectOthers();
        fields.Errors.Require(list is null != one is null, Messages, $"Send either {Messages}, the whole chat, or {Message}, the last one alone.");
        fields.Errors.ThrowIfAny();

        var read = new UiMessages(list is null ? Message : Messages);
        if (one is { } message)
        {
            read.Add(message, Message);
        }
        else
        {
            read.AddAll(list!.Value);
        }

        return new UiChatRequest(
            new ChatState(id, read.Items, one is null, read.LastRun), read.Answers,
            start with { Overrides = start.Overrides with { Instructions = Join(start.Overrides.Instructions, read.Instructions) } }, sent);
    }

    private static string? Join(string? one, string? other) => one is { Length: > 0 } && other is { Length: > 0 } ? $"{one}\n\n{other}" : one ?? other;
}
