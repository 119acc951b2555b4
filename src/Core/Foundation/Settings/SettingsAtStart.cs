using Microsoft.Extensions.Options;

namespace Yggdrasil.Foundation.Settings;

/// <summary>
/// Runs every validation of the start and reports all problems together: whoever deploys should not have to find them
/// one start at a time.
/// </summary>
/// <param name="options">The framework's own, which knows each options type with <c>ValidateOnStart</c>.</param>
/// <param name="checks">The others.</param>
internal sealed class SettingsAtStart(IStartupValidator options, IEnumerable<SettingsCheck> checks) : IStartupValidator
{
    /// <exception cref="InvalidSettingsException">Something is wrong.</exception>
    public void Validate()
    {
        // Checks construct what depends on options, and so may report the problems of these again.
        var problems = checks.SelectMany(check => ProblemsOf(check.Run)).Concat(ProblemsOf(options.Validate))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (problems.Count > 0)
        {
            throw new InvalidSettingsException(problems);
        }
    }

    private static IEnumerable<string> ProblemsOf(Action validate)
    {
        try
        {
            validate();
            return [];
        }
        catch (OptionsValidationException invalid)
        {
            return invalid.Failures;
        }
        catch (AggregateException several) when (several.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            return several.InnerExceptions.Cast<OptionsValidationException>().SelectMany(invalid => invalid.Failures);
        }
    }
}
