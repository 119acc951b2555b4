using System.Text.Json;

namespace Yggdrasil.Conformance.Tests.Rules;

/// <summary>One thing that a provider refuses.</summary>
/// <param name="Refuses">The words of the refusal where the request breaks the rule; null where it keeps it.</param>
/// <param name="Source">Where the rule is published or was reported.</param>
/// <param name="Status">The status it is refused with.</param>
internal sealed record Rule(Func<JsonElement, string?> Refuses, string Source, int Status = 400);
