using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Functions.Http.Schedules;

public sealed class ScheduleFunctions(ScheduleService schedules)
{
    [Function(nameof(PutSchedule))]
    public async Task<IResult> PutSchedule(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "api/schedules/{id}")] HttpRequest request, string id)
    {
        // Not for another user: whoever has runs started answers for them, admins too.
        RequestHeaders.RejectOtherQuery(request);
        var (definition, sent) = ScheduleRequest.Parse(await RequestBody.ReadAsync(request));
        if (!sent.IsEmpty)
        {
            var current = await schedules.FindAsync(request.Scope(), id, request.HttpContext.RequestAborted);
            sent.Require(current is null ? new { Id = id } : ScheduleDocument.From(current));
        }

        var (schedule, created) = await schedules.PutAsync(request.Caller(), id, definition, request.HttpContext.RequestAborted);
        return Answers.Json(ScheduleDocument.From(schedule), created ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    [Function(nameof(GetSchedule))]
    public async Task<IResult> GetSchedule(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/schedules/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        return Answers.Json(ScheduleDocument.From(await schedules.GetAsync(request.Scope(), id, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(ListSchedules))]
    public async Task<IResult> ListSchedules([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/schedules")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after", RequestScope.UserId);
        var (limit, after) = RequestHeaders.ReadPage(request);
        return Answers.List(
            await schedules.ListAsync(request.Scope(), limit, after, request.HttpContext.RequestAborted), ScheduleDocument.From);
    }

    [Function(nameof(DeleteSchedule))]
    public async Task<IResult> DeleteSchedule(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "api/schedules/{id}")] HttpRequest request, string id)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        await RequestBody.RequireEmptyAsync(request);
        await schedules.DeleteAsync(request.Scope(), id, request.HttpContext.RequestAborted);
        return Results.NoContent();
    }
}
