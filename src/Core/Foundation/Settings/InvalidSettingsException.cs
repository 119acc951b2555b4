using Microsoft.Extensions.Options;

namespace Yggdrasil.Foundation.Settings;

/// <summary>The app does not start: everything that is wrong with its settings, a line each, never a secret's value.</summary>
public sealed class InvalidSettingsException(IReadOnlyList<string> problems)
    : OptionsValidationException("Settings", typeof(InvalidSettingsException), problems)
{
    public override string Message =>
        $"{problems.Count} setting{(problems.Count == 1 ? " has" : "s have")} to be put right:{Environment.NewLine}  "
        + string.Join($"{Environment.NewLine}  ", problems);
}
