namespace Yggdrasil.Fixtures;

/// <summary>Where a reply breaks its connection.</summary>
public enum ConnectionFault
{
    None,

    /// <summary>Reset without an answer.</summary>
    BeforeAnswer,

    /// <summary>
    /// Reset after status, headers and half the body. A reset may overtake what was sent before it: a test that needs the
    /// first half to arrive holds the reset back with <see cref="ModelReply.MidStreamGate"/>.
    /// </summary>
    MidBody,

    /// <summary>Ends after half the body as if that were all, the way a proxy does whose server has died.</summary>
    EarlyEnd,
}
