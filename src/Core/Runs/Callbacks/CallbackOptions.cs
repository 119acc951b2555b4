namespace Yggdrasil.Runs.Callbacks;

/// <summary>Where callbacks may go. Section <c>Callbacks</c>.</summary>
public sealed class CallbackOptions
{
    public const string Section = "Callbacks";

    internal const string AllowedPortsName = "Callbacks__AllowedPorts";

    /// <summary>Ports that the addresses of callbacks may name beside 443; each 1 to 65535. Default none.</summary>
    public IList<int> AllowedPorts { get; } = [];

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems() =>
        from port in AllowedPorts.Index()
        where port.Item is < 1 or > 65535
        select $"{AllowedPortsName}__{port.Index} must be between 1 and 65535.";
}
