using Microsoft.Extensions.AI;

namespace Yggdrasil.Redaction;

/// <summary>A prompt as a provider may see it, and what is needed to read the answer.</summary>
/// <remarks>
/// Everything follows from the messages alone, and the journal keeps those, protected, with their originals. So the
/// numbering, by first appearance, needs no storage of its own: whoever resumes a run, after a crash too, folds the same
/// journal and arrives at the same placeholders. Within a conversation they are consistent because every prompt holds the
/// whole of it.
/// <para>
/// The system message is the agent author's own text and goes as it is. Images and files are not looked into.
/// </para>
/// </remarks>
internal sealed class PromptRedaction
{
    private readonly KnownValues _known = new();
    private readonly HashSet<Placeholder> _reserved = [];
    private readonly bool _numbered;
    private bool _found;

    private PromptRedaction(IEnumerable<ChatMessage> messages, bool numbered)
    {
        _numbered = numbered;
        List<ChatMessage> originals = [.. messages];
        foreach (var message in originals)
        {
            foreach (var content in message.Contents)
            {
                Note(content, isSystem: message.Role == ChatRole.System);
            }
        }

        Placeholders = new PlaceholderMap(_reserved);
        Messages = _found ? [.. originals.Select(Redact)] : originals;
    }

    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>Empty unless numbered.</summary>
    public PlaceholderMap Placeholders { get; }

    /// <param name="numbered">Placeholders that can be restored, instead of masks.</param>
    public static PromptRedaction Of(IEnumerable<ChatMessage> messages, bool numbered) => new(messages, numbered);

    private void Note(AIContent content, bool isSystem) => MessageText.Rewrite(content, text =>
    {
        // Reasoning is the one text that is kept with its placeholders, so those in it are ours.
        if (_numbered && content is not TextReasoningContent)
        {
            Reserve(text);
        }

        foreach (var finding in isSystem ? [] : SensitiveText.Find(text))
        {
            _found = true;
            _known.Add(text.Substring(finding.Start, finding.Length), finding.Kind);
        }

        return text;
    });

    /// <summary>
    /// What looks like a placeholder in an original text is the writer's: were its number given to a value, the answer
    /// would put that value where the writer had none.
    /// </summary>
    private void Reserve(string text)
    {
        for (var at = text.IndexOf('[', StringComparison.Ordinal); at >= 0; at = text.IndexOf('[', at + 1))
        {
            if (Placeholder.TryRead(text.AsSpan(at), out var placeholder, out _))
            {
                _reserved.Add(placeholder);
            }
        }
    }

    private ChatMessage Redact(ChatMessage message) =>
        message.Role == ChatRole.System ? message : MessageText.Rewrite(message, Redact);

    private string Redact(string text)
    {
        var findings = SensitiveText.Collect(text) ?? [];
        _known.FindIn(text, findings);
        return findings.Count == 0 ? text : SensitiveText.Replace(text, SensitiveText.Resolve(findings), PlaceholderFor);
    }

    private string PlaceholderFor(FindingKind kind, string original) =>
        _numbered ? Placeholders.For(kind, original).ToString() : SensitiveText.MaskOf(kind);
}
