namespace Yggdrasil.Protection.Secrets;

/// <summary>One enabled version of a secret in the vault. Its value never changes.</summary>
/// <remarks>Not a record: a record's <c>ToString</c> would print the value.</remarks>
/// <param name="id">The vault's name of this version, which is no secret.</param>
/// <param name="value">What must not be shown.</param>
/// <param name="createdOn">When it was made; the newest one encrypts.</param>
/// <param name="notBefore">Before it, this version only decrypts, so that every instance knows it before one uses it.</param>
public sealed class SecretVersion(string id, string value, DateTimeOffset createdOn, DateTimeOffset? notBefore)
{
    public string Id { get; } = id;

    public string Value { get; } = value;

    public DateTimeOffset CreatedOn { get; } = createdOn;

    public DateTimeOffset? NotBefore { get; } = notBefore;

    public override string ToString() => $"version {Id}";
}
