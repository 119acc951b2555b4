using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Functions.Http.Agents;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.ApiKeys;
using Yggdrasil.Functions.Http.Batches;
using Yggdrasil.Functions.Http.Conversations;
using Yggdrasil.Functions.Http.Operations;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Schedules;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.Users;

/// <summary>The lines of an export: what the routes of each kind show, with its type.</summary>
internal static class ExportDocuments
{
    public static async IAsyncEnumerable<object> From(IAsyncEnumerable<ExportItem> items)
    {
        await foreach (var item in items)
        {
            yield return From(item);
        }
    }

    private static object From(ExportItem item) => item switch
    {
        ExportItem.OfAgent agent => new { Type = "agent", Agent = AgentDocument.From(agent.Agent) },
        ExportItem.OfShare share => new { Type = "share", Agent = share.AgentId, share.User },
        ExportItem.OfConversation conversation => new
        {
            Type = "conversation",
            Conversation = ConversationDocument.From(conversation.Conversation, query: ""),
            Metadata = conversation.Metadata.Count > 0 ? conversation.Metadata : null,
        },
        ExportItem.OfMessage message => new { Type = "message", message.ConversationId, Message = MessageDocument.From(message.Message) },
        ExportItem.OfRun run => FromRun(run),
        ExportItem.OfBatch batch => new { Type = "batch", Batch = BatchDocument.From(batch.Batch, query: "") },
        ExportItem.OfBatchItem part => new { Type = "batch_item", part.BatchId, Id = part.ItemId, Input = Messages(part.Input) },
        ExportItem.OfPoison poison => new { Type = "poison", Prompt = PoisonDocument.From(poison.Prompt), poison.Body },
        ExportItem.OfSchedule schedule => new { Type = "schedule", Schedule = ScheduleDocument.From(schedule.Schedule) },
        ExportItem.OfApiKey key => new { Type = "api_key", ApiKey = ApiKeyDocument.From(key.Key) },
        ExportItem.OfCallbackSecret { Secret: var secret } => new { Type = "callback_secret", secret.CreatedAt, secret.PreviousCreatedAt },
        ExportItem.OfUsage usage => new { Type = "usage", Date = usage.Day, usage.Runs, usage.Usage },
        ExportItem.Unreadable unreadable => new { Type = "unreadable", unreadable.Kind, unreadable.Id },
        _ => throw new InvalidOperationException($"An export holds a {item.GetType().Name}."),
    };

    private static object FromRun(ExportItem.OfRun item) => new
    {
        Type = "run",
        Run = RunDocument.From(item.Run),
        Input = Messages(item.Steps.Where(step => step.Kind == EntryKind.Input).SelectMany(step => step.Messages)),
        ClientTools = item.Run.ClientTools is { Count: > 0 } tools ? tools : null,
        Steps = StepDocument.From(item.Run, item.Steps, forOperator: false),
    };

    private static IEnumerable<object> Messages(IEnumerable<ChatMessage> messages) =>
        messages.Select(message => new { Role = message.Role.Value, Content = TextOf(message) });

    /// <summary>What was said; of a history also what its calls were and came to.</summary>
    private static string TextOf(ChatMessage message) => string.Join('\n', message.Contents
        .Select(content => content switch
        {
            FunctionCallContent call => $"{call.Name}({JsonSerializer.Serialize(call.Arguments, ContractJson.Options)})",
            FunctionResultContent result => $"{result.Result}",
            _ => "",
        })
        .Prepend(message.Text).Where(text => text.Length > 0));
}
