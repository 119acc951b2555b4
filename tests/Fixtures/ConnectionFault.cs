namespace Yggdrasil.Fixtures;

/// <summary>Where a reply breaks its connection.</summary>
public enum ConnectionFault
{
    None,

    /// <summary>Reset without an answer.</summary>
    BeforeAnswer,

    /// <summary>Reset after status, headers and half the body.</summary>
    MidBody,
}
