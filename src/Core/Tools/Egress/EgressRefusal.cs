namespace Yggdrasil.Tools.Egress;

/// <summary>Why a request got no answer.</summary>
public enum EgressRefusal
{
    /// <summary>The address is no absolute http or https URL, or one with credentials or control characters.</summary>
    InvalidUrl,

    /// <summary>The host, at that port, is not on the list.</summary>
    HostNotAllowed,

    /// <summary>The host has an address that is not public.</summary>
    AddressNotAllowed,

    /// <summary>The answer points to another origin, or to nowhere, or once too often.</summary>
    RedirectRefused,

    /// <summary>The name has no address, nobody answers there, or not in HTTP; the request may have arrived.</summary>
    Unreachable,

    /// <summary>The whole answer was not there in time; the request may have arrived.</summary>
    TimedOut,
}
