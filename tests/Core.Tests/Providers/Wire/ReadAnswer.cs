using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers.Wire;

/// <summary>What becomes of an answer on the wire, in one line: <c>text(thoughts)|reason|calls|input/output</c>, or <c>!code</c> of the failure.</summary>
internal static class ReadAnswer
{
    /// <summary>Asks a provider that answers with this body, streamed and not; both have to come to the same.</summary>
    /// <param name="provider"><c>vllm</c>, <c>anthropic</c> or <c>ollama</c>.</param>
    public static async Task<string> AskAsync(EffectServer server, string provider, string body, string contentType)
    {
        server.RespondWith(_ => new EffectReply(body, ContentType: contentType));
        await using var providers = TestProviders.With(
            $"Providers__{provider}__Endpoint={server.Address}", $"Providers__{provider}__ApiKey=sk-test",
            $"Providers__{provider}__RetryAttempts=0", $"Providers__{provider}__BreakerFailures=1000");
        var client = providers.Client($"{provider}:m");
        var streamed = await LineAsync(() => client.GetStreamingResponseAsync("Hello").ToChatResponseAsync());
        var whole = await LineAsync(() => client.GetResponseAsync("Hello"));
        Assert.Equal(streamed, whole);
        return streamed;
    }

    private static async Task<string> LineAsync(Func<Task<ChatResponse>> ask)
    {
        try
        {
            return Line(await ask());
        }
        catch (ProviderException failure)
        {
            return $"!{failure.Code}";
        }
    }

    private static string Line(ChatResponse response)
    {
        var said = new StringBuilder();
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
        {
            said.Append(content switch
            {
                TextReasoningContent { Text.Length: > 0 } reasoning => $"({reasoning.Text})",
                TextContent text => text.Text,
                _ => "",
            });
        }

        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()
            .Select(call => call.Name + (call.Exception is null ? JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>()) : "!"));
        var usage = response.Usage is { } tokens ? string.Create(CultureInfo.InvariantCulture, $"{tokens.InputTokenCount}/{tokens.OutputTokenCount}") : "";
        return $"{said}|{response.FinishReason}|{string.Join(' ', calls)}|{usage}";
    }
}
