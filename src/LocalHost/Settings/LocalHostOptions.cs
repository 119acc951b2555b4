using Yggdrasil.LocalHost.Engine;

namespace Yggdrasil.LocalHost.Settings;

/// <summary>This host's own settings. Section <c>LocalHost</c>.</summary>
internal sealed class LocalHostOptions
{
    public const string Section = "LocalHost";

    /// <summary>The folder of its data.</summary>
    public string DataPath { get; set; } = DataFolder.DefaultName;

    /// <summary>A folder such as <c>tools/azurite</c> of a checkout, in which Azurite is or will be installed. Empty: one of the user's own.</summary>
    public string? AzuritePath { get; set; }

    /// <summary>Faults to inject; none by default.</summary>
    public ChaosOptions Chaos { get; set; } = new();

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (Chaos.DropEventRate is not (>= 0 and <= 1))
        {
            yield return "LocalHost__Chaos__DropEventRate must be between 0 and 1.";
        }

        if (Chaos.DropNextEvents < 0)
        {
            yield return "LocalHost__Chaos__DropNextEvents must not be negative.";
        }

        if (Chaos.DelayEvent < TimeSpan.Zero)
        {
            yield return "LocalHost__Chaos__DelayEvent must not be negative.";
        }
    }
}
