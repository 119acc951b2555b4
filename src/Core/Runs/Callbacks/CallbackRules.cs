using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>What a request for a callback must fulfil before anything is started for it.</summary>
internal sealed class CallbackRules(CallbackHttp http, CallbackSecrets secrets)
{
    private const string Url = "callback.url";

    /// <param name="url">Where the message is to go; null when none was asked for.</param>
    public async Task ValidateAsync(Owner owner, string? url, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (url is null)
        {
            return;
        }

        try
        {
            http.Check(url);
        }
        catch (EgressException refused)
        {
            errors.Add(Url, refused.Message);
        }

        if (await secrets.FindInfoAsync(owner, cancellationToken) is null)
        {
            errors.Add("callback", "Callbacks are signed: set a secret first, with PUT /api/callback-secret.");
        }
    }
}
