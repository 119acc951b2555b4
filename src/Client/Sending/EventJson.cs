using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Yggdrasil.Client.Sending;

/// <summary>Reads the data of events.</summary>
internal static class EventJson
{
    /// <summary>An event by its type; one that is not known is kept as it is.</summary>
    public static RunEvent Read(string type, ReadOnlySpan<byte> data)
    {
        var json = ClientJson.Default;
        return type switch
        {
            "run.started" => Read(data, json.RunStartedEvent),
            "model.delta" => Read(data, json.ModelDeltaEvent),
            "model.restarted" => Read(data, json.ModelRestartedEvent),
            "model.completed" => Read(data, json.ModelCompletedEvent),
            "tool.started" => Read(data, json.ToolStartedEvent),
            "tool.completed" => Read(data, json.ToolCompletedEvent),
            "tool.awaited" => Read(data, json.ToolAwaitedEvent),
            "approval.required" => Read(data, json.ApprovalRequiredEvent),
            "approval.decided" => Read(data, json.ApprovalDecidedEvent),
            "run.completed" or "run.failed" or "run.cancelled" or "run.expired" => new RunEndedEvent(Read(data, json.Run)),
            _ => new UnknownRunEvent(type, Read(data, json.JsonElement)),
        };
    }

    private static T Read<T>(ReadOnlySpan<byte> data, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(data, type) ?? throw new JsonException("An event has no data.");
}
