using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace Yggdrasil.Client.Sending;

/// <summary>Lists, read page by page as they are walked.</summary>
internal static class Pages
{
    private const string Size = "100";

    public static async IAsyncEnumerable<T> ReadAsync<T>(
        Transport transport, string path, JsonTypeInfo<Page<T>> type, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? after = null;
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var next = after is null ? "" : $"&after={Uri.EscapeDataString(after)}";
            var page = await transport.SendAsync(ApiRequest.Get($"{path}{separator}limit={Size}{next}"), type, cancellationToken).ConfigureAwait(false);
            foreach (var item in page.Items)
            {
                yield return item;
            }

            after = page.Next;
        }
        while (after is not null);
    }
}
