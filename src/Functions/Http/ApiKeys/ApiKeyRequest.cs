using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Operations.ApiKeys;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Functions.Http.ApiKeys;

/// <summary>Reads the body of a request that makes an API key.</summary>
internal static class ApiKeyRequest
{
    private const string ExpiresAt = "expiresAt";
    private const string Agents = "agents";

    /// <exception cref="InvalidRequestException">The body is no such request; every mistake of form is named.</exception>
    public static ApiKeyDefinition Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var name = fields.String("name");
        fields.Errors.Require(fields.Get("name") is not null, "name", "Is required.");
        var (access, agents) = ReadScopes(fields);
        var definition = new ApiKeyDefinition
        {
            Name = name ?? "",
            ExpiresAt = ReadTime(fields),
            CanRun = access == KeyAccess.Run,
            Agents = agents,
            RequestsPerMinute = fields.Integer("requestsPerMinute"),
            TokensPerDay = fields.Long("tokensPerDay"),
        };
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return definition;
    }

    private static (KeyAccess Access, IReadOnlyList<string>? Agents) ReadScopes(JsonFields fields)
    {
        if (fields.Object("scopes") is not { } scopes)
        {
            return (KeyAccess.Run, null);
        }

        var inner = new JsonFields(scopes, fields.Errors, "scopes.");
        var access = inner.Choice<KeyAccess>("access") ?? KeyAccess.Run;
        var agents = inner.Get(Agents) is null ? null : inner.Strings(Agents, ApiKeyService.MaxAgents);
        inner.RejectOthers();
        return (access, agents);
    }

    private static DateTimeOffset? ReadTime(JsonFields fields)
    {
        if (fields.Get(ExpiresAt) is not { } value)
        {
            return null;
        }

        // With its offset: a time without one would be read in whatever zone the server is in.
        if (JsonFields.TryGetText(value, out var text) && value.TryGetDateTimeOffset(out var time) && text.Length > 19
            && (text.EndsWith('Z') || text[^6] is '+' or '-'))
        {
            return time;
        }

        fields.Errors.Add(ExpiresAt, "Must be an RFC 3339 date and time with its offset, such as 2027-01-31T12:00:00Z.");
        return null;
    }
}
