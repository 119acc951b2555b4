using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.Foundation;

/// <summary>Every id this product makes, and the rule for ids that callers make.</summary>
public static class Ids
{
    /// <summary>The longest id a caller may choose.</summary>
    public const int MaxLength = 64;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const string RunPrefix = "run_";
    private const string BatchPrefix = "batch_";
    private const int RandomBytes = 16;

    // 80 bits, 16 characters: nobody finds a user id whose handle is that of a given other user.
    private const int HandleBytes = 10;
    private const int HandleLength = HandleBytes * 8 / 5;
    private const char HandleEnd = '~';
    private static readonly SearchValues<char> HandleCharacters = SearchValues.Create(Alphabet);

    /// <summary>A run id that cannot be guessed: <c>run_</c> and 128 random bits in Crockford's base 32.</summary>
    public static string NewRun() => RunPrefix + Encode(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>
    /// The run id of an idempotency key: the same for the same owner and key, so that a repeated request finds the first
    /// one's row and orchestration without any index.
    /// </summary>
    public static string RunFor(string partition, string idempotencyKey)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"run\n{partition}\n{idempotencyKey}"));
        return RunPrefix + Encode(hash.AsSpan(0, RandomBytes));
    }

    /// <summary>The id of a callback's message: the same for the same occasion, however often it is sent.</summary>
    public static string CallbackMessage(string partition, string row, string occasion)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"callback\n{partition}\n{row}\n{occasion}"));
        return "msg_" + Encode(hash.AsSpan(0, RandomBytes));
    }

    /// <summary>The id of a batch: of its idempotency key as for <see cref="RunFor"/>, or one that cannot be guessed.</summary>
    public static string Batch(string partition, string? idempotencyKey) => BatchPrefix + Encode(idempotencyKey is null
        ? RandomNumberGenerator.GetBytes(RandomBytes)
        : SHA256.HashData(Encoding.UTF8.GetBytes($"batch\n{partition}\n{idempotencyKey}")).AsSpan(0, RandomBytes));

    /// <summary>The id of the run of a batch's item: the same however often it is started.</summary>
    /// <param name="round">1, and one more for each time that the failed items are tried again.</param>
    public static string BatchRun(string partition, string batchId, int index, int round) =>
        RunFor(partition, FormattableString.Invariant($"item\n{batchId}\n{index}\n{round}"));

    /// <summary>The orchestration instance that drives a batch in a round.</summary>
    public static string BatchDriver(string batchId, int round) => round == 1 ? batchId : FormattableString.Invariant($"{batchId}-{round}");

    /// <summary>
    /// The orchestration instance that is to drive a run: the run's own id for one that starts at once, with the epoch it
    /// takes over after for a backup or a successor. So none of them ever refuses to be scheduled because of another.
    /// </summary>
    public static string Driver(string runId, int afterEpoch) =>
        afterEpoch == 0 ? runId : FormattableString.Invariant($"{runId}-{afterEpoch}");

    /// <summary>A short id that lets an operator find the log line of a failure whose details callers must not see.</summary>
    public static string NewError() => "err_" + Encode(RandomNumberGenerator.GetBytes(8));

    /// <summary>The id of a kind of error: the same for the same <paramref name="text"/>, on every instance.</summary>
    public static string Fingerprint(string text) => "fp_" + Encode(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, HandleBytes));

    /// <summary>What providers are told of which prompts belong together: a hash, the same for the same conversation.</summary>
    public static string PromptCache(string partition, string conversation) =>
        Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"prompt\n{partition}\n{conversation}")).AsSpan(0, RandomBytes));

    /// <summary>A blob name or lease holder that nobody else has.</summary>
    public static string NewUnique() => Encode(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>Our id of a tool call within its run.</summary>
    /// <param name="turn">The model call that asked for it, from 1.</param>
    /// <param name="index">Its place among that turn's calls, from 0.</param>
    public static string ToolCall(int turn, int index) => FormattableString.Invariant($"t{turn}c{index}");

    /// <summary>
    /// The id of a tool call as providers see it: unique across the runs of a conversation, which Anthropic demands, and
    /// at most 40 characters, which OpenAI demands.
    /// </summary>
    public static string WireToolCall(string runId, string callId) =>
        $"{runId.AsSpan(RunPrefix.Length, 8)}_{callId}";

    /// <summary>Our id of a tool call within its run, of one as providers see it.</summary>
    public static string OfWireToolCall(string wireId) => wireId[(wireId.LastIndexOf('_') + 1)..];

    /// <summary>Whether a caller's id is <c>[A-Za-z0-9][A-Za-z0-9_-]{0,63}</c>.</summary>
    public static bool IsValid(string? id) =>
        id is { Length: > 0 and <= MaxLength }
        && char.IsAsciiLetterOrDigit(id[0])
        && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>
    /// The id under which those see an agent whom its owner shares it with: <c>handle~agent</c>, the handle being a hash of
    /// the owner. No id of a caller's choice contains <c>~</c>.
    /// </summary>
    public static string SharedAgent(string ownerPartition, string agentId) => $"{OwnerHandle(ownerPartition)}{HandleEnd}{agentId}";

    /// <summary>A short stable hash of an owner: it tells owners apart where none may be named.</summary>
    public static string OwnerHandle(string ownerPartition) =>
        Encode(SHA256.HashData(Encoding.UTF8.GetBytes($"owner\n{ownerPartition}")).AsSpan(0, HandleBytes));

    /// <summary>Whether an id has the form of a shared agent's, which is valid only where an agent is named.</summary>
    public static bool IsSharedAgent(string? id) =>
        id is { Length: > HandleLength + 1 }
        && id[HandleLength] == HandleEnd
        && id.AsSpan(0, HandleLength).IndexOfAnyExcept(HandleCharacters) < 0
        && IsValid(id[(HandleLength + 1)..]);

    private static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(((bytes.Length * 8) + 4) / 5);
        int buffer = 0, bits = 0;
        foreach (var value in bytes)
        {
            buffer = (buffer << 8) | value;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text.Append(Alphabet[(buffer >> bits) & 31]);
            }
        }

        return bits > 0 ? text.Append(Alphabet[(buffer << (5 - bits)) & 31]).ToString() : text.ToString();
    }
}
