namespace Yggdrasil.Fixtures;

/// <summary>What the <see cref="EffectServer"/> answers.</summary>
/// <param name="Body">The body.</param>
/// <param name="Status">The status code.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="Location">The <c>Location</c> header, for redirects.</param>
/// <param name="Gate">Holds the answer, after the effect was recorded, until opened.</param>
public sealed record EffectReply(
    string Body = "ok", int Status = 200, string ContentType = "text/plain", string? Location = null, Gate? Gate = null);
