using System.Globalization;
using System.Text.Json;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>Tells the address that the run's caller named, by a signed message.</summary>
internal sealed class RunCallback(CallbackOutbox outbox) : INoticeDelivery
{
    public const string Name = "callback";

    public string Kind => Name;

    /// <summary>The notice of a run that is to have a callback.</summary>
    public static RunNotice Notice { get; } = new(Name, "");

    public Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken) => outbox.SendAsync(
        ended.Caller.Owner.Partition,
        RowKeys.Run(ended.Id),
        ended.CreatedAt.UtcTicks.ToString(CultureInfo.InvariantCulture),
        BodyOf(ended),
        cancellationToken);

    internal static string BodyOf(RunHead ended)
    {
        var status = NameOf(ended.Status);
        return JsonSerializer.Serialize(
            new { Type = $"run.{status}", Timestamp = ended.CompletedAt, Data = new { ended.Id, Status = status, StopReason = ended.StopReason is { } reason ? NameOf(reason) : null } },
            JsonSerializerOptions.Web);
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
