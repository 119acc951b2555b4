namespace Yggdrasil.Conformance.Checks;

/// <summary>One thing that the product needs of a model.</summary>
/// <param name="Name">Names it on the command line and in the table: <c>[a-z-]+</c>.</param>
/// <param name="Needs">What must hold, in a few words.</param>
/// <param name="RunAsync">
/// Asks the model and looks at its answers. Returns what is worth noting, or null. Throws <see cref="CheckFailedException"/> where an
/// answer is not what it must be.
/// </param>
internal sealed record Check(string Name, string Needs, Func<Dialogue, CancellationToken, Task<string?>> RunAsync)
{
    /// <summary>The check only makes sense for a streamed call.</summary>
    public bool StreamedOnly { get; init; }

    /// <summary>The check takes long, or costs more than a few hundred tokens; it is made only when named or with <c>--all</c>.</summary>
    public bool OnRequest { get; init; }
}
