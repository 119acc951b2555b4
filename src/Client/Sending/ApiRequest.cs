namespace Yggdrasil.Client.Sending;

/// <summary>A request, from which each attempt makes its own message.</summary>
/// <param name="Path">Relative to the server's address, without a slash before it.</param>
internal sealed record ApiRequest(HttpMethod Method, string Path)
{
    public static ApiRequest Get(string path) => new(HttpMethod.Get, path);

    public static ApiRequest Post(string path, byte[]? body = null) => new(HttpMethod.Post, path) { Body = body };

    /// <summary>JSON; the same bytes for each attempt, which an idempotency key compares.</summary>
    public byte[]? Body { get; init; }

    public string Accept { get; init; } = "application/json";

    public string? IdempotencyKey { get; init; }

    public string? Prefer { get; init; }

    public string? IfMatch { get; init; }

    public string? LastEventId { get; init; }

    /// <summary>False for what would have a second effect.</summary>
    public bool MayRepeat { get; init; } = true;

    /// <summary>An id as a segment of a path.</summary>
    /// <exception cref="ArgumentException">It is none: it would lead to another route.</exception>
    public static string Segment(string id, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(id, name);
        return id is "." or ".." ? throw new ArgumentException($"\"{id}\" is no id.", name) : Uri.EscapeDataString(id);
    }

    /// <summary>A path with those of the parameters that have a value.</summary>
    public static string WithQuery(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                path += $"{separator}{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}";
                separator = '&';
            }
        }

        return path;
    }
}
