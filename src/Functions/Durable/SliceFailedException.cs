using System.Text.RegularExpressions;

namespace Yggdrasil.Functions.Durable;

/// <summary>What durable history may know of a failure: an id that leads an operator to the log.</summary>
public sealed partial class SliceFailedException(string errorId) : Exception($"The slice failed ({errorId}).")
{
    /// <summary>The id within a message that crossed Durable.</summary>
    internal static string ErrorIdOf(string message) => ErrorId().Match(message) is { Success: true } match ? match.Value : "err_unknown";

    [GeneratedRegex("err_[0-9a-z]+", RegexOptions.CultureInvariant)]
    private static partial Regex ErrorId();
}
