namespace Yggdrasil.Work.Prompts;

/// <summary>Prompts from the queue. Section <c>Prompts</c>.</summary>
public sealed class PromptOptions
{
    public const string Section = "Prompts";

    /// <summary>
    /// Hours for which a prompt that its owner's limits do not allow yet is put off again and again before it is given up; 1 to 144.
    /// The default outlasts a daily quota.
    /// </summary>
    public int DeferHours { get; set; } = 48;

    internal TimeSpan DeferAtMost => TimeSpan.FromHours(DeferHours);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        // A message lives for a week at most.
        if (DeferHours is < 1 or > 144)
        {
            yield return "Prompts__DeferHours must be between 1 and 144.";
        }
    }
}
