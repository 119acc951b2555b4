
namespace Yggdrasil.Functions.Http.Answering;

/// <summary>A page of a list.</summary>
/// <param name="Next">The cursor of the next page, as <c>?after=</c>; null at the end, and then present all the same.</param>
internal sealed record ListDocument<T>(
    IReadOnlyList<T> Items,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.Never)] string? Next);
