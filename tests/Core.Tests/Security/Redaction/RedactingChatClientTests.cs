using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;
using Yggdrasil.Redaction;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Security.Redaction;

public sealed class RedactingChatClientTests : IDisposable
{
    private const string Email = "jane@example.com";
    private readonly RecordingClient _provider = new();

    private IReadOnlyList<ChatMessage> Sent => _provider.Prompts[^1];

    private string SentText => string.Join('|', Sent.Select(message => message.Text));

    public void Dispose() => _provider.Dispose();

    [Fact]
    public async Task Off_passes_the_same_messages()
    {
        List<ChatMessage> messages = [new(ChatRole.User, Email)];

        await AskAsync(RedactionMode.Off, messages);

        Assert.Same(messages[0], Sent[0]);
    }

    [Theory]
    [InlineData(RedactionMode.Mask)]
    [InlineData(RedactionMode.Restore)]
    [InlineData(RedactionMode.Block)]
    public async Task Messages_without_findings_pass_as_they_are(RedactionMode mode)
    {
        List<ChatMessage> messages = [new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hello [EMAIL_1]")];

        var answer = await AskAsync(mode, messages);

        Assert.Equal(messages, Sent);
        Assert.Equal("Hello [EMAIL_1]", answer.Text);
    }

    [Theory]
    [InlineData(RedactionMode.Mask)]
    [InlineData(RedactionMode.Block)]
    public async Task Masks_go_out_and_the_answer_stays_as_written(RedactionMode mode)
    {
        var answer = await AskAsync(mode, [new(ChatRole.User, $"I am {Email}")]);

        Assert.Equal("I am [EMAIL_REDACTED]", SentText);
        Assert.Equal("I am [EMAIL_REDACTED]", answer.Text);
    }

    [Fact]
    public async Task Restore_numbers_by_first_appearance_and_puts_originals_back()
    {
        var answer = await AskAsync(
            RedactionMode.Restore,
            [
                new(ChatRole.User, "From b@example.com to a@example.com"),
                new(ChatRole.Assistant, "Sent to a@example.com"),
                new(ChatRole.User, "and b@example.com, c@example.com?"),
            ]);

        Assert.Equal("From [EMAIL_1] to [EMAIL_2]|Sent to [EMAIL_2]|and [EMAIL_1], [EMAIL_3]?", SentText);
        Assert.Equal("and b@example.com, c@example.com?", answer.Text);
    }

    [Fact]
    public async Task Numbering_is_the_same_after_the_journal_was_stored_and_read()
    {
        List<ChatMessage> messages =
        [
            new(ChatRole.User, $"{Email} and +1 415 555 0132"),
            new(ChatRole.Assistant, [new FunctionCallContent("c1", "send", new Dictionary<string, object?> { ["to"] = Email, ["n"] = 5 })]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "sent to other@example.com")]),
        ];
        var stored = JsonSerializer.Deserialize<List<ChatMessage>>(JsonSerializer.Serialize(messages, StoredJson.Options), StoredJson.Options)!;

        await AskAsync(RedactionMode.Restore, messages);
        await AskAsync(RedactionMode.Restore, stored);

        var sent = _provider.Prompts.Select(prompt => JsonSerializer.Serialize(prompt, StoredJson.Options)).ToList();
        Assert.Equal(sent[0], sent[1]);
        Assert.DoesNotContain("example.com", sent[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Placeholder_that_a_user_wrote_is_never_anothers_data()
    {
        var answer = await AskAsync(RedactionMode.Restore, [new(ChatRole.User, $"Say [EMAIL_1] to {Email} and [EMAIL_3]")]);

        Assert.Equal("Say [EMAIL_1] to [EMAIL_2] and [EMAIL_3]", SentText);
        Assert.Equal($"Say [EMAIL_1] to {Email} and [EMAIL_3]", answer.Text);
    }

    [Fact]
    public async Task Placeholder_that_instructions_mention_is_given_to_nothing()
    {
        await AskAsync(RedactionMode.Restore, [new(ChatRole.System, "Never expand [EMAIL_1]; help: team@example.org."), new(ChatRole.User, Email)]);

        Assert.Equal("Never expand [EMAIL_1]; help: team@example.org.|[EMAIL_2]", SentText);
    }

    [Fact]
    public async Task Placeholder_that_the_model_made_up_stays()
    {
        _provider.Answer = _ => new TextContent("See [EMAIL_7] and [EMAIL_1]");

        var answer = await AskAsync(RedactionMode.Restore, [new(ChatRole.User, Email)]);

        Assert.Equal($"See [EMAIL_7] and {Email}", answer.Text);
    }

    [Fact]
    public async Task Value_known_by_its_label_is_hidden_where_it_stands_alone_too()
    {
        await AskAsync(
            RedactionMode.Restore,
            [new(ChatRole.User, "Pwd=hunter2; what is it?"), new(ChatRole.Assistant, "It is hunter2."), new(ChatRole.User, "hunter22 it was")]);

        Assert.Equal("Pwd=[PASSWORD_1]; what is it?|It is [PASSWORD_1].|hunter22 it was", SentText);
    }

    [Fact]
    public async Task Tool_arguments_come_back_with_originals_and_go_out_without()
    {
        _provider.Answer = _ => new FunctionCallContent("x", "send", Arguments("""{"to":"[EMAIL_1]","cc":["x <[EMAIL_1]>",{"[EMAIL_1]":1}],"n":5}"""));

        var answer = await AskAsync(RedactionMode.Restore, [new(ChatRole.User, Email)]);
        await AskAsync(RedactionMode.Restore, [new(ChatRole.User, Email), .. answer.Messages]);

        var call = answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
        Assert.Equal($$"""{"to":"{{Email}}","cc":["x \u003C{{Email}}\u003E",{"{{Email}}":1}],"n":5}""", JsonSerializer.Serialize(call.Arguments));
        var sent = Sent.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
        Assert.Equal("""{"to":"[EMAIL_1]","cc":["x \u003C[EMAIL_1]\u003E",{"[EMAIL_1]":1}],"n":5}""", JsonSerializer.Serialize(sent.Arguments));
    }

    [Fact]
    public async Task Unreadable_arguments_stay_unreadable()
    {
        _provider.Answer = _ => new FunctionCallContent("x", "send") { Exception = new JsonException("broken") };

        var answer = await AskAsync(RedactionMode.Restore, [new(ChatRole.User, Email)]);

        Assert.IsType<JsonException>(answer.Messages[0].Contents.OfType<FunctionCallContent>().Single().Exception);
    }

    [Fact]
    public async Task Card_number_as_a_json_number_is_hidden()
    {
        await AskAsync(
            RedactionMode.Mask, [new(ChatRole.Assistant, [new FunctionCallContent("x", "pay", Arguments("""{"card":4111111111111111,"cents":100}"""))])]);

        var sent = Sent[0].Contents.OfType<FunctionCallContent>().Single();
        Assert.Equal("""{"card":"[CARD_REDACTED]","cents":100}""", JsonSerializer.Serialize(sent.Arguments));
    }

    [Fact]
    public async Task Reasoning_keeps_its_signature_unless_something_is_found_in_it()
    {
        TextReasoningContent clean = new("He wants [EMAIL_1].") { ProtectedData = "signature" };
        TextReasoningContent leaking = new($"He is {Email}.") { ProtectedData = "signature" };

        await AskAsync(RedactionMode.Restore, [new(ChatRole.User, Email), new(ChatRole.Assistant, [clean, leaking])]);

        var sent = Sent[1].Contents.Cast<TextReasoningContent>().ToList();
        Assert.Equal(("He wants [EMAIL_1].", "signature"), (sent[0].Text, sent[0].ProtectedData));
        Assert.Equal(("He is [EMAIL_1].", null), (sent[1].Text, sent[1].ProtectedData));
    }

    [Fact]
    public async Task Raw_representation_does_not_carry_the_original()
    {
        ChatMessage message = new(ChatRole.User, [new TextContent(Email) { RawRepresentation = Email }]) { RawRepresentation = Email };

        await AskAsync(RedactionMode.Mask, [message]);

        Assert.Null(Sent[0].RawRepresentation);
        Assert.Null(Sent[0].Contents[0].RawRepresentation);
        Assert.Equal(Email, message.Text);
    }

    [Fact]
    public async Task Structured_answer_stays_json_when_the_original_needs_escaping()
    {
        _provider.Answer = _ => new TextContent("""{"pw":"[PASSWORD_1]"}""");

        var answer = await AskAsync(RedactionMode.Restore, [new(ChatRole.User, "Password='say \"x\"'")], new ChatOptions { ResponseFormat = ChatResponseFormat.Json });

        Assert.Equal("say \"x\"", JsonDocument.Parse(answer.Text).RootElement.GetProperty("pw").GetString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Streamed_answer_is_restored_however_it_is_cut(int size)
    {
        const string Answer = "To [EMAIL_1], not [EMAIL_9]; ask [PHONE_1";
        _provider.Chunks = [.. Answer.Chunk(size).Select(chunk => new string(chunk))];
        using var client = new RedactingChatClient(_provider, RedactionMode.Restore);

        var text = "";
        await foreach (var update in client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, $"{Email}, +1 415 555 0132")]))
        {
            text += update.Text;
        }

        Assert.Equal($"To {Email}, not [EMAIL_9]; ask [PHONE_1", text);
    }

    [Fact]
    public async Task Restart_of_the_answer_passes_and_what_was_held_back_before_it_is_forgotten()
    {
        _provider.Updates =
        [
            new ChatResponseUpdate(ChatRole.Assistant, "To [EMA"),
            new ModelRestart("vllm:m", "provider_unavailable").ToUpdate(),
            new ChatResponseUpdate(ChatRole.Assistant, "IL_1] or [EMAIL_1"),
            new ChatResponseUpdate(ChatRole.Assistant, "]"),
        ];
        using var client = new RedactingChatClient(_provider, RedactionMode.Restore);

        var heard = new List<string>();
        await foreach (var update in client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, Email)]))
        {
            heard.Add(ModelRestart.Of(update) is { } restart ? $"restart after {restart.Failed}" : update.Text);
        }

        Assert.Equal(["To ", "restart after vllm:m", "IL_1] or ", Email], heard);
    }

    private static Dictionary<string, object?> Arguments(string json) => JsonSerializer.Deserialize<Dictionary<string, object?>>(json)!;

    private async Task<ChatResponse> AskAsync(RedactionMode mode, IEnumerable<ChatMessage> messages, ChatOptions? options = null)
    {
        using var client = new RedactingChatClient(_provider, mode);
        return await client.GetResponseAsync(messages, options);
    }

    /// <summary>A provider that remembers what it was sent and, unless told otherwise, repeats the last message.</summary>
    private sealed class RecordingClient : IChatClient
    {
        public List<IReadOnlyList<ChatMessage>> Prompts { get; } = [];

        public Func<IReadOnlyList<ChatMessage>, AIContent> Answer { get; set; } = prompt => new TextContent(prompt[^1].Text);

        public IReadOnlyList<string> Chunks
        {
            set => Updates = [.. value.Select(chunk => new ChatResponseUpdate(ChatRole.Assistant, chunk))];
        }

        public IReadOnlyList<ChatResponseUpdate> Updates { get; set; } = [];

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Prompts.Add([.. messages]);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [Answer(Prompts[^1])])));
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            foreach (var update in Updates)
            {
                yield return update;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
