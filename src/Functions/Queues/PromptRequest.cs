using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Functions.Queues;

/// <summary>Reads a message of the queue <c>prompts</c>.</summary>
internal static class PromptRequest
{
    private const int Version = 1;
    private const int MaxIdLength = 128;

    /// <summary>What the sender says of the message and not of what is asked for: it may differ where a prompt is sent again.</summary>
    private static readonly HashSet<string> Envelope = ["version", "id", "owner", Deferral.Field];

    /// <exception cref="PromptRejectedException">It is no prompt of a version that is known here.</exception>
    public static PromptMessage Parse(BinaryData body)
    {
        if (body.ToMemory().Length > PromptQueues.MaxBytes + Deferral.MaxBytes)
        {
            throw new PromptRejectedException(new PromptRejection(
                PromptCodes.TooLarge, $"A message may have at most {PromptQueues.MaxBytes} bytes before Base64."));
        }

        JsonElement root;
        try
        {
            root = RequestBody.ParseObject(body.ToMemory());
        }
        catch (InvalidRequestException invalid)
        {
            throw Malformed(invalid, promptId: null, owner: null, agent: null);
        }

        return Read(new JsonFields(root, new FieldErrors()), root);
    }

    private static PromptMessage Read(JsonFields fields, JsonElement root)
    {
        var id = ReadId(fields);
        var owner = ReadOwner(fields);
        var agent = fields.String("agent");
        if (fields.Get("version") is not { } version || !JsonIntegers.TryRead(version, out var number) || number != Version)
        {
            // Whatever else it may hold by then.
            throw new PromptRejectedException(new PromptRejection(
                PromptCodes.UnknownVersion, $"version must be {Version}.", id, owner, agent));
        }

        fields.Errors.Require(agent is not null, "agent", "Is required: an agent's id.");

        // The intake says whether it is ours. Anything else in its place is passed over: it is not the sender's to set.
        fields.Get(Deferral.Field);
        var request = new StartRun
        {
            Input = RunRequest.ReadInput(fields),
            ConversationId = RunRequest.ReadConversation(fields),
            CallbackUrl = RunRequest.ReadCallback(fields),

            // Nobody is there to be told that the conversation is busy.
            OnConflict = OnConflict.Enqueue,
        };
        fields.RejectOthers();
        try
        {
            fields.Errors.ThrowIfAny();
        }
        catch (InvalidRequestException invalid)
        {
            throw Malformed(invalid, id, owner, agent);
        }

        return new PromptMessage(id!, owner!.Value, agent!, request, Hash(root));
    }

    private static string? ReadId(JsonFields fields)
    {
        var id = fields.String("id");
        var isValid = id is { Length: > 0 and <= MaxIdLength } && id.All(static c => c is > ' ' and < '\x7f');
        fields.Errors.Require(isValid, "id", $"Is required: 1 to {MaxIdLength} visible ASCII characters.");
        return isValid ? id : null;
    }

    private static Owner? ReadOwner(JsonFields fields)
    {
        if (fields.Object("owner") is not { } owner)
        {
            fields.Errors.Add("owner", "Is required: tenant and user.");
            return null;
        }

        var inner = new JsonFields(owner, fields.Errors, "owner.");
        var (tenant, user) = (inner.String("tenant"), inner.String("user"));
        inner.Errors.Require(UserId.IsValidTenant(tenant), inner.PathOf("tenant"), UserId.TenantRule);
        inner.Errors.Require(UserId.IsValid(user), inner.PathOf("user"), UserId.Rule);
        inner.RejectOthers();
        return UserId.IsValidTenant(tenant) && UserId.IsValid(user) ? new Owner(TenantId.Canonical(tenant!), user!) : null;
    }

    /// <summary>The same for what asks for the same, whatever the order of fields.</summary>
    private static string Hash(JsonElement root)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var asked = root.EnumerateObject().Where(field => !Envelope.Contains(field.Name)).OrderBy(field => field.Name, StringComparer.Ordinal);
        foreach (var field in asked)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{field.Name}\n{field.Value.GetRawText()}\n"));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static PromptRejectedException Malformed(InvalidRequestException invalid, string? promptId, Owner? owner, string? agent) => new(
        new PromptRejection(
            PromptCodes.Malformed,
            string.Join(" ", invalid.Errors.SelectMany(field => field.Value.Select(message => $"{field.Key}: {message}"))),
            promptId,
            owner,
            agent));
}
