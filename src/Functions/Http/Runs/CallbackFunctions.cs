using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Functions.Http.Runs;

public sealed class CallbackFunctions(CallbackSecrets secrets)
{
    [Function(nameof(PutCallbackSecret))]
    public async Task<IResult> PutCallbackSecret(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/callback-secret")] HttpRequest request)
    {
        // Not for another user: an admin who set it could sign in that user's name.
        RequestHeaders.RejectOtherQuery(request);
        var given = ReadSecret(await RequestBody.ReadAsync(request));
        var (secret, info) = await secrets.SetAsync(request.Caller().Owner, given, request.HttpContext.RequestAborted);

        // Shown this once, and only where it was made here.
        return Answers.Json(new CallbackSecretDocument(given is null ? secret : null, info.CreatedAt, info.PreviousCreatedAt));
    }

    [Function(nameof(GetCallbackSecret))]
    public async Task<IResult> GetCallbackSecret(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/callback-secret")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var info = await secrets.GetAsync(request.Caller().Owner, request.HttpContext.RequestAborted);
        return Answers.Json(new CallbackSecretDocument(Secret: null, info.CreatedAt, info.PreviousCreatedAt));
    }

    /// <returns>Null where the caller wants one to be made: no body, or an empty object.</returns>
    private static string? ReadSecret(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            return null;
        }

        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var secret = fields.String("secret");
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return secret;
    }
}

/// <summary>What is known of a user's callback secrets.</summary>
/// <param name="Secret">The secret itself, in the answer to the request that had it made.</param>
/// <param name="PreviousCreatedAt">When the one before was set, which messages are signed with too.</param>
internal sealed record CallbackSecretDocument(string? Secret, DateTimeOffset CreatedAt, DateTimeOffset? PreviousCreatedAt);
