namespace Yggdrasil.Tools.Egress;

/// <summary>
/// A request that was refused or went unanswered. The message may be shown to whoever asked for it: it names the rule,
/// and no address that the host has here.
/// </summary>
public sealed class EgressException : Exception
{
    public EgressException(EgressRefusal refusal, string message)
        : base(message) => Refusal = refusal;

    public EgressException(EgressRefusal refusal, string message, Exception innerException)
        : base(message, innerException) => Refusal = refusal;

    public EgressRefusal Refusal { get; }
}
