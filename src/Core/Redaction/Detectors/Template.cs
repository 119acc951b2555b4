using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Tells what stands in a secret's place from a secret: templates, references, masks, code.</summary>
internal static class Template
{
    private static readonly SearchValues<char> VariableCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_:env");
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");

    /// <param name="isPath">The label has another meaning too, under which the value is a path (<c>PWD=/home/me</c>).</param>
    public static bool Matches(ReadOnlySpan<char> value, bool isPath = false) =>
        IsEnclosed(value, "{", "}") || IsEnclosed(value, "${", "}") || IsEnclosed(value, "$(", ")") || IsEnclosed(value, "<", ">")
        || IsEnclosed(value, "[", "]") || IsEnclosed(value, "%", "%")
        || value.StartsWith("@Microsoft.KeyVault(", StringComparison.Ordinal)
        || !value.ContainsAnyExcept('*', '.', '…') || !value.ContainsAnyExcept('x', 'X') || IsVariable(value) || IsCode(value)
        || (isPath && value[0] is '/' or '~');

    private static bool IsEnclosed(ReadOnlySpan<char> value, string opening, string closing) =>
        value.Length > opening.Length && value.StartsWith(opening, StringComparison.Ordinal) && value.EndsWith(closing, StringComparison.Ordinal);

    /// <summary><c>$DB_PASSWORD</c>, <c>$env:DB_PASSWORD</c></summary>
    private static bool IsVariable(ReadOnlySpan<char> value) =>
        value.Length > 1 && value[0] == '$' && !value[1..].ContainsAnyExcept(VariableCharacters);

    /// <summary><c>os.environ['…</c>, <c>GetPassword(…)</c>: a name, then a bracket that is closed or at the end.</summary>
    private static bool IsCode(ReadOnlySpan<char> value)
    {
        var name = value.IndexOfAnyExcept(NameCharacters);
        return name > 2 && char.IsAsciiLetter(value[0]) && value[name] is '(' or '[' && value[^1] is '(' or '[' or ')' or ']'
            && !value[..name].ContainsAnyInRange('0', '9');
    }
}
