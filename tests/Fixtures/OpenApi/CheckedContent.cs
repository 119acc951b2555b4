using System.Net;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>The content of a streamed answer, of which each item is checked as it is read.</summary>
internal sealed class CheckedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly ItemReader _items;

    /// <param name="check">Called for each item; what it throws comes out of the read.</param>
    public CheckedContent(HttpContent inner, Action<System.Text.Json.Nodes.JsonNode?> check, bool areEvents)
    {
        (_inner, _items) = (inner, new ItemReader(check, areEvents));
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(name, (IEnumerable<string>)values);
        }
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new CheckedStream(await _inner.ReadAsStreamAsync(cancellationToken), _items);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var content = await CreateContentReadStreamAsync(cancellationToken);
        await content.CopyToAsync(stream, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
