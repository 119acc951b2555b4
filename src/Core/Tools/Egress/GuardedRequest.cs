namespace Yggdrasil.Tools.Egress;

/// <summary>A request to the outside.</summary>
/// <param name="Method">GET, POST, …</param>
/// <param name="Url">Where to, as somebody wrote it; it is checked before anything is sent.</param>
public sealed record GuardedRequest(HttpMethod Method, string Url)
{
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Of the body, such as <c>application/json; charset=utf-8</c>.</summary>
    public string? ContentType { get; init; }

    /// <summary>Further headers. They also go where the same origin redirects to.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}
