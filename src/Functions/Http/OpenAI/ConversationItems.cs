using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>The items of a conversation: those of its runs that have ended, as their responses have them, and those that were added.</summary>
/// <remarks>
/// An id leads to its exchange: that of a run's item by the run, which knows the place of its own exchange; that of an added one by the
/// place in it, <c>msg_c12_i0</c>. So pages begin anywhere, and nothing is stored for them.
/// </remarks>
internal sealed partial class ConversationItems(ConversationEditing editing, RunService runs, ToolCatalog catalog, Scope scope, CancellationToken cancellationToken)
{
    /// <summary>A page of items.</summary>
    /// <param name="after">The id of the last item that was read.</param>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is no item of the conversation.</exception>
    public async Task<(IReadOnlyList<JsonObject> Items, bool HasMore)> ListAsync(Conversation conversation, string? after, int limit, bool isDescending)
    {
        var sequence = isDescending ? conversation.Exchanges - 1 : 0;
        List<JsonObject> found = [];
        if (after is not null)
        {
            var place = await FindAsync(conversation, after) ?? throw new InvalidRequestException("after", "This is not the id of an item of this conversation.");
            found.AddRange(Ordered(place.Items, isDescending).SkipWhile(item => IdOf(item) != after).Skip(1));
            sequence = place.Sequence + (isDescending ? -1 : 1);
        }

        for (; found.Count <= limit && sequence >= 0 && sequence < conversation.Exchanges; sequence += isDescending ? -1 : 1)
        {
            found.AddRange(Ordered(await OfAsync(conversation, sequence), isDescending));
        }

        return ([.. found.Take(limit)], found.Count > limit);
    }

    /// <exception cref="NotFoundException">The conversation has no such item.</exception>
    public async Task<JsonObject> GetAsync(Conversation conversation, string id) =>
        (await FindAsync(conversation, id))?.Items.FirstOrDefault(item => IdOf(item) == id)
            ?? throw new NotFoundException($"There is no item \"{id}\" in this conversation.");

    /// <summary>The items of an exchange.</summary>
    public async Task<IReadOnlyList<JsonObject>> OfAsync(Conversation conversation, long sequence) =>
        await editing.FindExchangeAsync(conversation, sequence, cancellationToken) switch
        {
            null => [],
            ({ } runId, _) => await OfRunAsync(runId, conversation) is var (items, _) ? items : [],
            (null, var messages) => [.. messages.Index().SelectMany(message => ResponseItems.Of($"msg_c{sequence}_i{message.Index}", message.Item))],
        };

    private async Task<(long Sequence, IReadOnlyList<JsonObject> Items)?> FindAsync(Conversation conversation, string id)
    {
        if (Added().Match(id) is { Success: true } added)
        {
            var sequence = long.Parse(added.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            return Has(await OfAsync(conversation, sequence), sequence);
        }

        return id.Split('_') is [_, { Length: > 0 } run, ..] && await OfRunAsync($"run_{run}", conversation) is var (items, place) && place < conversation.Exchanges
            ? Has(items, place)
            : null;

        (long, IReadOnlyList<JsonObject>)? Has(IReadOnlyList<JsonObject> items, long sequence) =>
            items.Any(item => IdOf(item) == id) ? (sequence, items) : null;
    }

    /// <summary>What a run has added; null for one that the caller does not see, or that is not of the conversation.</summary>
    private async Task<(IReadOnlyList<JsonObject> Items, long Sequence)?> OfRunAsync(string runId, Conversation conversation)
    {
        try
        {
            var (run, steps) = await runs.GetStepsAsync(scope, runId, cancellationToken);
            if (run.ConversationId != conversation.Id || run.History is not { } shown)
            {
                return null;
            }

            var outline = new RunOutline(() => run, catalog, waits: false);
            var output = ResponseItems.Of(run.Id, [.. steps.SelectMany(outline.Add)]);
            return ([.. ResponseItems.Input(run), .. output.Select(item => item!.DeepClone().AsObject())], shown.To);
        }
        catch (NotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonObject> Ordered(IReadOnlyList<JsonObject> items, bool isDescending) => isDescending ? items.Reverse() : items;

    private static string IdOf(JsonObject item) => item["id"]!.GetValue<string>();

    [GeneratedRegex("^msg_c([0-9]{1,10})_i[0-9]{1,4}(?:_[0-9]{1,4})?$")]
    private static partial Regex Added();
}
