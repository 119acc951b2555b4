namespace Yggdrasil.Foundation.Settings;

/// <summary>A look at settings, at start, that is more than the validation of one options type.</summary>
/// <param name="Run">Throws an <c>OptionsValidationException</c> that lists the problems.</param>
internal sealed record SettingsCheck(Action Run);
