using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Tracing;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Telemetry;

public sealed class TracedChatClientTests : IDisposable
{
    private static readonly ModelId Model = new("gemini", "flash");

    private readonly RecordedSpans _spans = new();
    private readonly Activity _asker = new Activity("asker").Start();

    public void Dispose()
    {
        _asker.Dispose();
        _spans.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Content_is_in_a_span_only_where_it_was_asked_for(bool includeContent)
    {
        var client = new TracedChatClient(new ScriptedStream([Text("The answer.")]), Model, includeContent, NullLogger<TracedChatClient>.Instance);

        await client.GetStreamingResponseAsync("The question?").ToListAsync();

        var span = Assert.Single(_spans.Below(_asker));
        Assert.Equal(includeContent, span.TagObjects.Any(tag => $"{tag.Value}".Contains("The question?", StringComparison.Ordinal)));
        Assert.Equal(includeContent, span.TagObjects.Any(tag => $"{tag.Value}".Contains("The answer.", StringComparison.Ordinal)));
        Assert.Equal(("gcp.gemini", "flash"), (span.GetTagItem(GenAi.ProviderName), span.GetTagItem(GenAi.RequestModel)));
    }

    [Fact]
    public async Task Failure_is_named_by_its_code_and_its_message_left_out()
    {
        var client = new TracedChatClient(
            new ScriptedStream([Text("The")], new ProviderException("provider_timeout", FailureClass.NextProvider, "a secret")), Model, includeContent: false, NullLogger<TracedChatClient>.Instance);

        await Assert.ThrowsAsync<ProviderException>(async () => await client.GetStreamingResponseAsync("Hello").ToListAsync());

        var span = Assert.Single(_spans.Below(_asker));
        Assert.Equal(
            (ActivityStatusCode.Error, null, "provider_timeout"), (span.Status, span.StatusDescription, span.GetTagItem(GenAi.ErrorType)));
    }

    [Fact]
    public async Task Call_that_is_given_up_is_no_error()
    {
        var client = new TracedChatClient(new ScriptedStream([Text("The")], new OperationCanceledException()), Model, includeContent: false, NullLogger<TracedChatClient>.Instance);

        await Assert.ThrowsAsync<OperationCanceledException>(async () => await client.GetStreamingResponseAsync("Hello").ToListAsync());

        Assert.Equal(ActivityStatusCode.Unset, Assert.Single(_spans.Below(_asker)).Status);
    }

    [Fact]
    public async Task Only_the_answer_that_counts_is_reported_of_a_stream_that_began_anew()
    {
        var restart = new ModelRestart("gemini:flash", "provider_unavailable").ToUpdate();
        var client = new TracedChatClient(
            new ScriptedStream([Text("void", tokens: 5), restart, Text("new", tokens: 7)]), Model, includeContent: true, NullLogger<TracedChatClient>.Instance);

        await client.GetStreamingResponseAsync("Hello").ToListAsync();

        var span = Assert.Single(_spans.Below(_asker));
        Assert.Equal(7L, span.GetTagItem(GenAi.UsageOutputTokens));
        Assert.DoesNotContain("void", $"{span.GetTagItem(GenAi.OutputMessages)}", StringComparison.Ordinal);
        Assert.Equal("model.restarted", Assert.Single(span.Events).Name);
    }

    private static ChatResponseUpdate Text(string text, long tokens = 1) => new(
        ChatRole.Assistant, [new TextContent(text), new UsageContent(new UsageDetails { OutputTokenCount = tokens })]);

    private sealed class ScriptedStream(IReadOnlyList<ChatResponseUpdate> updates, Exception? end = null) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in updates)
            {
                await Task.Yield();
                yield return update;
            }

            if (end is not null)
            {
                throw end;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
