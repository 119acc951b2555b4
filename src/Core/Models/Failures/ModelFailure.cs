namespace Yggdrasil.Models.Failures;

/// <summary>A model call without an answer, and the reason. For operators; encrypted in storage like content.</summary>
/// <param name="Model">The model that was asked, as <c>provider:model</c>.</param>
/// <param name="Code">What it means here: the code of a <see cref="ProviderException"/>.</param>
/// <param name="Upstream">Why, in the provider's own words; null where it gave none.</param>
public sealed record ModelFailure(string Model, string Code, UpstreamReason? Upstream)
{
    internal static ModelFailure Of(string model, ProviderException failure) => new(model, failure.Code, failure.Reason);
}
