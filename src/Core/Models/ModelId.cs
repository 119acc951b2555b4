using System.Diagnostics.CodeAnalysis;

namespace Yggdrasil.Models;

/// <summary>A model of a provider, written <c>provider:model</c>; the model part may itself hold colons and slashes.</summary>
public readonly record struct ModelId(string Provider, string Model)
{
    public static bool TryParse([NotNullWhen(true)] string? text, out ModelId id)
    {
        id = default;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon <= 0 || colon == text!.Length - 1)
        {
            return false;
        }

        id = new ModelId(text[..colon], text[(colon + 1)..]);
        return true;
    }

    public override string ToString() => $"{Provider}:{Model}";
}
