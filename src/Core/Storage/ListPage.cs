namespace Yggdrasil.Storage;

/// <summary>A part of a list.</summary>
/// <param name="Items">May be empty while <paramref name="Next"/> is set.</param>
/// <param name="Next">Where the next page starts; null at the end.</param>
public sealed record ListPage<T>(IReadOnlyList<T> Items, string? Next);
