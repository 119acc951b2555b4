using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Keys and tokens that nothing but their label gives away: <c>AccountKey=…</c>, <c>"api_key": "…"</c>.</summary>
internal sealed class LabelledSecretDetector : IDetector
{
    private const int MinStorageKey = 40;
    private const int AwsSecret = 40;
    private const int MinOther = 20;

    /// <summary>What may stand behind a label, and how long it is.</summary>
    private sealed record Form(string Label, FindingKind Kind, SearchValues<char> Characters, int Min, int Max = 4096);

    private static readonly Form[] Forms =
    [
        .. Named(FindingKind.ApiKey, Characters.Base64, MinStorageKey, 4096, "accountkey", "account_key", "account-key"), // Azure Storage
        .. Named(FindingKind.ApiKey, Characters.Base64, MinStorageKey, 4096, "sharedaccesskey", "shared_access_key"), // Service Bus, Event Hubs
        .. Named(FindingKind.ApiKey, Characters.Base64, AwsSecret, AwsSecret, "secret_access_key", "secretaccesskey", "secret access key", "secret-access-key"),
        .. Named(FindingKind.ApiKey, Characters.Base64Url, MinOther, 4096, "api_key", "api-key", "apikey", "subscription-key"),
        .. Named(FindingKind.ApiKey, Characters.SecretText, MinOther, 4096, "client_secret", "client-secret", "clientsecret"), // OAuth 2.0
        .. Named(FindingKind.Token, Characters.SecretText, MinOther, 4096, "access_token", "accesstoken", "refresh_token", "refreshtoken"),
    ];

    private static readonly SearchValues<string> Labels = SearchValues.Create([.. Forms.Select(form => form.Label)], StringComparison.OrdinalIgnoreCase);

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, Labels); at >= 0;)
        {
            var form = FormAt(ref scan, at);
            var next = at + form.Label.Length;
            if (LabelledValue.Start(ref scan, next) is var start and > 0)
            {
                var end = next = scan.EndOfRun(start, form.Characters);
                if (end - start >= form.Min && end - start <= form.Max && scan.Slice(start, end).ContainsAnyInRange('0', '9'))
                {
                    scan.Add(form.Kind, start, Padding.EndOf(ref scan, end));
                }
            }

            at = scan.Next(next, Labels);
        }
    }

    private static IEnumerable<Form> Named(FindingKind kind, SearchValues<char> characters, int min, int max, params string[] labels) =>
        labels.Select(label => new Form(label, kind, characters, min, max));

    private static Form FormAt(ref TextScan scan, int at)
    {
        foreach (var form in Forms)
        {
            if (scan.Has(at, form.Label, StringComparison.OrdinalIgnoreCase))
            {
                return form;
            }
        }

        throw new InvalidOperationException("The search found a label that no form has.");
    }
}
