using System.Text.Json;

namespace Yggdrasil.Tools;

/// <summary>The result of validating a call's arguments.</summary>
/// <param name="Arguments">
/// The arguments as JSON, detached from where they came from; empty when there are errors.
/// </param>
/// <param name="Errors">
/// What is wrong, in words for the model: at most 10 sentences and 2 KB, each naming its argument, none repeating a
/// value.
/// </param>
public sealed record ArgumentValidation(
    IReadOnlyDictionary<string, JsonElement> Arguments, IReadOnlyList<string> Errors)
{
    public bool IsValid => Errors.Count == 0;
}
