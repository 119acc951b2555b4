namespace Yggdrasil.Models.Failures;

/// <summary>A call that found no slot at its provider while an activity of the host is held: nothing was sent, and nothing has failed.</summary>
/// <param name="recheck">When to ask again at the latest.</param>
internal sealed class ProviderBusyException(string provider, TimeSpan recheck) : Exception($"There is no slot for a call of {provider} now.")
{
    public TimeSpan Recheck { get; } = recheck;
}
