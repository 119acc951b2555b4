using System.Text.Json;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Prompts;

/// <summary>The queues of prompts, by name, and what is sent to them.</summary>
public sealed class PromptQueues
{
    /// <summary>Where prompts come from.</summary>
    public const string Prompts = "prompts";

    /// <summary>Where the host moves a prompt after its last attempt.</summary>
    public const string Poison = "prompts-poison";

    /// <summary>Where it is said what became of prompts.</summary>
    public const string Results = "prompt-results";

    /// <summary>A queue takes 64 KiB of Base64; room is left for a <see cref="Deferral"/>.</summary>
    public const int MaxBytes = 48_000;

    /// <summary>Deliveries of a message before the host moves it: <c>maxDequeueCount</c> of host.json.</summary>
    internal const int MaxAttempts = 3;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly StorageClients _storage;

    internal PromptQueues(StorageClients storage) => _storage = storage;

    /// <summary>Puts a prompt into the queue, to be seen after a while.</summary>
    public async Task SendPromptAsync(BinaryData body, TimeSpan delay, CancellationToken cancellationToken)
    {
        var queue = await _storage.GetQueueAsync(Prompts, cancellationToken);
        await queue.SendMessageAsync(body, visibilityTimeout: delay, cancellationToken: cancellationToken);
    }

    public async Task SendResultAsync(PromptResult result, CancellationToken cancellationToken)
    {
        var queue = await _storage.GetQueueAsync(Results, cancellationToken);
        var body = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(result, Json));

        // Kept until somebody reads it: by default it would be gone after a week.
        await queue.SendMessageAsync(body, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken: cancellationToken);
    }
}
