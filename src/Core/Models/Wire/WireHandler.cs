using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Metering;

namespace Yggdrasil.Models.Wire;

/// <summary>Puts between the network and the vendor's package what makes of every answer one that the package can read.</summary>
/// <remarks>Only answers to model calls: they are the ones that a <see cref="WireCall"/> flows with.</remarks>
internal sealed class WireHandler(ProviderOptions options, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (WireCall.Current is not { } call || !response.IsSuccessStatusCode)
        {
            return response;
        }

        call.Key = SentKey.Of(request);
        call.Alive();
        var source = await response.Content.ReadAsStreamAsync(cancellationToken);
        var size = new AnswerSize(options.Name, options.MaxAnswerKilobytes);
        var content = new StreamContent(new NormalisedStream(source, FormatOf(call, size), size, call));
        content.Headers.TryAddWithoutValidation("Content-Type", options.Type is ProviderType.Ollama ? "application/x-ndjson" : "text/event-stream");
        // The response lives on with its content: whoever disposes of the message ends the stream under it.
        response.Content = content;
        return response;
    }

    private AnswerFormat FormatOf(WireCall call, AnswerSize size) => options.Type switch
    {
        ProviderType.Anthropic => new AnthropicAnswer(options.Name, size, call),
        ProviderType.Ollama => new OllamaAnswer(options.Name, size, call),
        _ => new OpenAIAnswer(options.Name, size, call),
    };
}
