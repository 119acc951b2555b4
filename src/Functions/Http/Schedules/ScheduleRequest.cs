using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Functions.Http.Schedules;

/// <summary>Reads the body of a request that puts a schedule.</summary>
internal static class ScheduleRequest
{
    /// <summary>What the timer writes changes by itself, so it is left out whatever it says.</summary>
    private static readonly string[] Progress = ["nextRunAt", "lastRunAt", "lastRunId", "lastError"];

    /// <returns>The definition, and what was sent of a schedule's answer beside it.</returns>
    /// <exception cref="InvalidRequestException">The body is not a schedule; every mistake of form is named.</exception>
    public static (ScheduleDefinition Definition, ReadOnlyFields Sent) Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var definition = new ScheduleDefinition
        {
            Agent = Required(fields, "agent"),
            Input = RunRequest.ReadInput(fields),
            Cron = Required(fields, "cron"),
            TimeZone = Required(fields, "timeZone"),
            ConversationId = RunRequest.ReadConversation(fields),
            CatchUp = ReadCatchUp(fields),
            Enabled = ReadEnabled(fields),
        };
        var sent = ReadOnlyFields.Read(fields, "id", "createdAt", "updatedAt");
        ReadOnlyFields.Read(fields, Progress);
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return (definition, sent);
    }

    private static string Required(JsonFields fields, string name)
    {
        var value = fields.String(name);
        fields.Errors.Require(fields.Get(name) is not null, name, "Is required.");
        return value ?? "";
    }

    private static bool ReadCatchUp(JsonFields fields)
    {
        const string Field = "catchUp";
        var value = fields.String(Field);
        fields.Errors.Require(value is null or ScheduleDocument.Skip or ScheduleDocument.MakeUp, Field, "Must be one of skip, catchUp.");
        return value == ScheduleDocument.MakeUp;
    }

    private static bool ReadEnabled(JsonFields fields)
    {
        const string Field = "enabled";
        var value = fields.Get(Field);
        fields.Errors.Require(value is null or { ValueKind: JsonValueKind.True or JsonValueKind.False }, Field, "Must be true or false.");
        return value is null or { ValueKind: JsonValueKind.True };
    }
}
