using System.Collections.Frozen;
using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A request that begins or changes a conversation.</summary>
/// <param name="Metadata">Null where the request says nothing of it.</param>
/// <param name="Items">What is to be added.</param>
internal sealed record ConversationRequest(IReadOnlyDictionary<string, string>? Metadata, IReadOnlyList<InputItem> Items)
{
    private const int MaxItems = 20;
    private const string ItemsField = "items";
    private const string MetadataField = "metadata";

    private static readonly FieldTable Create = Table(ItemsField, MetadataField);
    private static readonly FieldTable Update = Table(MetadataField);
    private static readonly FieldTable Add = Table(ItemsField);

    public static Task<ConversationRequest> ReadCreateAsync(HttpRequest request) => ReadAsync(request, Create);

    public static async Task<ConversationRequest> ReadUpdateAsync(HttpRequest request) => await ReadAsync(request, Update) is { Metadata: not null } read
        ? read
        : throw new InvalidRequestException(MetadataField, "Is required.");

    public static async Task<ConversationRequest> ReadAddAsync(HttpRequest request) => await ReadAsync(request, Add) is { Items.Count: > 0 } read
        ? read
        : throw new InvalidRequestException(ItemsField, $"Is required: 1 to {MaxItems} items.");

    private static async Task<ConversationRequest> ReadAsync(HttpRequest request, FieldTable table)
    {
        var (fields, _) = await OpenAIFields.ReadAsync(request, table);
        var metadata = fields.Get(MetadataField) is null ? null : RunRequest.ReadMetadata(fields);
        fields.Errors.ThrowIfAny();
        if (fields.Get(ItemsField) is not { } list || OpenAIFields.IsEmpty(list))
        {
            return new ConversationRequest(metadata, []);
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxItems)
        {
            throw new InvalidRequestException(ItemsField, $"Must be a list of at most {MaxItems} items.");
        }

        var read = OpenAIItems.Read(list, ItemsField, instructions: null);
        return read.Instructions is null
            ? new ConversationRequest(metadata, read.Items)
            : throw OpenAIFields.Refuse(ItemsField, "Messages of the system are sent as the instructions of a response.");
    }

    private static FieldTable Table(params string[] read) => new(
        FrozenSet.Create(read), [], FrozenDictionary<string, Func<JsonElement, bool>>.Empty, []);
}
