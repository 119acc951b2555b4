using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http;

public sealed class UserFunctions(UserService users)
{
    [Function(nameof(DisableUser))]
    public async Task<IResult> DisableUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/users/{id}/disabled")] HttpRequest request, string id)
    {
        await users.DisableAsync(request.Caller(), id, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }

    [Function(nameof(EnableUser))]
    public async Task<IResult> EnableUser(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/users/{id}/disabled")] HttpRequest request, string id)
    {
        await users.EnableAsync(request.Caller(), id, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }
}
