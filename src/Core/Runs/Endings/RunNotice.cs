namespace Yggdrasil.Runs.Endings;

/// <summary>Something outside a run that is to learn of its end. Named when the run starts, and stored in plain text: ids only.</summary>
/// <param name="Kind">Which <see cref="INoticeDelivery"/> sees to it; letters only.</param>
/// <param name="Target">Whom to tell, as that delivery understands it; without line breaks.</param>
internal sealed record RunNotice(string Kind, string Target)
{
    public static string? Write(IReadOnlyList<RunNotice> notices) =>
        notices.Count > 0 ? string.Join('\n', notices.Select(notice => $"{notice.Kind}:{notice.Target}")) : null;

    public static IReadOnlyList<RunNotice> Read(string? stored) =>
        stored is null ? [] : [.. stored.Split('\n').Select(line => line.Split(':', 2)).Select(parts => new RunNotice(parts[0], parts.ElementAtOrDefault(1) ?? ""))];
}
