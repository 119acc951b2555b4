using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.Users;

/// <summary>Who the caller is to this app, as authentication established it.</summary>
public sealed class MeFunctions
{
    [Function(nameof(GetMe))]
    public IResult GetMe([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/me")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);
        var caller = request.Caller();
        return Answers.Json(new MeDocument(caller.Owner.User, caller.Owner.Tenant, [.. caller.Roles.Order(StringComparer.Ordinal)]));
    }
}

/// <param name="Roles">As the token names them; <c>admin</c> and <c>operator</c> mean something here.</param>
internal sealed record MeDocument(string User, string Tenant, IReadOnlyList<string> Roles);
