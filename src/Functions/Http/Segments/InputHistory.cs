using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Segments;

/// <summary>A history that a caller sends, as the messages that a model is shown. What is named by its id is read from the run that it is of.</summary>
internal sealed class InputHistory(RunService runs, Scope scope, CancellationToken cancellationToken)
{
    /// <summary>Runs that one request may refer to.</summary>
    private const int MaxRuns = 64;

    private readonly Dictionary<string, (Run Run, IReadOnlyList<JournalEntry> Steps)?> _loaded = [];
    private readonly List<ChatMessage> _messages = [];
    private readonly Dictionary<string, string> _open = [];

    /// <exception cref="InvalidRequestException">A call has no result, a result no call, or what is named is not there.</exception>
    public async Task<List<ChatMessage>> RebuildAsync(IReadOnlyList<InputItem> items, string field)
    {
        var messages = await BuildAsync(items);
        return messages is [.., { Role: var last }] && (last == ChatRole.User || last == ChatRole.Tool)
            ? messages
            : throw new InvalidRequestException(field, "Must end with a user message, or with what the last calls came to.");
    }

    /// <summary>Messages that no model has to answer now.</summary>
    /// <exception cref="InvalidRequestException">A call has no result, a result no call, or what is named is not there.</exception>
    public async Task<List<ChatMessage>> BuildAsync(IReadOnlyList<InputItem> items)
    {
        foreach (var item in items)
        {
            await AddAsync(item);
        }

        if (_open.FirstOrDefault() is { Key: { } call, Value: var place })
        {
            throw new InvalidRequestException(place, $"No tool output found for function call {call}.");
        }

        return _messages;
    }

    private async Task AddAsync(InputItem item)
    {
        switch (item.Kind)
        {
            case InputKind.Message:
                Say(item.Role, item.Text!);
                break;
            case InputKind.Call:
                Call(item.Id, item.Name, ParseArguments(item), item.Place);
                break;
            case InputKind.Output:
                Result(item.Id, item.Text!, item.Place);
                break;
            case InputKind.OwnCall when item.Result is { } result:
                Call(item.Id, item.Name, ParseArguments(item), item.Place);
                Result(item.Id, result, item.Place);
                break;
            case InputKind.OwnCall or InputKind.Reference:
                await ReferAsync(item);
                break;
            case InputKind.Approval:
                // What was decided long ago shows in what became of the call.
                break;
        }
    }

    /// <summary>An item of a stored run, by its id.</summary>
    private async Task ReferAsync(InputItem item)
    {
        if (item.Id.StartsWith("rs_", StringComparison.Ordinal) || item.Id.StartsWith("mcpr_", StringComparison.Ordinal))
        {
            return;
        }

        if (ItemId.Parse(item.Id) is not { } id || await LoadAsync(id.RunId) is not var (run, steps))
        {
            throw new InvalidRequestException(item.Place, $"There is no item \"{item.Id}\".");
        }

        if (id is { Prefix: "msg", Input: { } index } && run.Input is { } asked && index < asked.Count)
        {
            Say(asked[index].Role, asked[index].Text);
            return;
        }

        var answer = steps.FirstOrDefault(step => step.Kind == EntryKind.Model && !step.Inherited && step.Turn == id.Turn && step.Messages.Count > 0)
            ?? throw new InvalidRequestException(item.Place, $"There is no item \"{item.Id}\".");
        if (id.Prefix == "msg")
        {
            Say(ChatRole.Assistant, answer.Text());
            return;
        }

        var call = answer.ToolCalls().ElementAtOrDefault(id.Call) ?? throw new InvalidRequestException(item.Place, $"There is no item \"{item.Id}\".");
        var own = id.Prefix == "mcp" ? item.Id : ItemId.CallOf(run.Id, Ids.ToolCall(id.Turn, id.Call));
        Call(own, call.Name, call.Arguments, item.Place);
        if (id.Prefix == "mcp")
        {
            var result = steps.FirstOrDefault(step => step.Kind == EntryKind.Tool && step.CallId == Ids.ToolCall(id.Turn, id.Call));
            Result(own, result is null ? "" : result.Result(), item.Place);
        }
    }

    private async Task<(Run Run, IReadOnlyList<JournalEntry> Steps)?> LoadAsync(string runId)
    {
        if (!_loaded.TryGetValue(runId, out var found))
        {
            if (_loaded.Count >= MaxRuns)
            {
                throw new InvalidRequestException("input", $"Refers to more than {MaxRuns} responses.");
            }

            try
            {
                found = await runs.GetStepsAsync(scope, runId, cancellationToken);
            }
            catch (NotFoundException)
            {
                found = null;
            }

            _loaded[runId] = found;
        }

        return found;
    }

    private void Say(ChatRole role, string text)
    {
        if (text.Length > 0)
        {
            _messages.Add(new ChatMessage(role, text));
        }
    }

    private void Call(string id, string name, IDictionary<string, object?>? arguments, string place)
    {
        if (name.Length is 0 or > 64 || !_open.TryAdd(id, place))
        {
            throw new InvalidRequestException(place, name.Length is 0 or > 64 ? "A name has 1 to 64 characters." : $"The call {id} is there twice.");
        }

        // Providers want all calls of one answer in one message.
        var content = new FunctionCallContent(Shorten(id), name, arguments);
        if (_messages is [.., { Role: var role } last] && role == ChatRole.Assistant)
        {
            last.Contents.Add(content);
        }
        else
        {
            _messages.Add(new ChatMessage(ChatRole.Assistant, [content]));
        }
    }

    private void Result(string id, string text, string place)
    {
        if (!_open.Remove(id))
        {
            throw new InvalidRequestException(place, $"No tool call found for function call output with call_id {id}.");
        }

        _messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(Shorten(id), text)]));
    }

    /// <summary>Some providers take 40 characters.</summary>
    private static string Shorten(string id) => id.Length <= 40 ? id : id[^40..].TrimStart('_', '-');

    private static Dictionary<string, object?> ParseArguments(InputItem item)
    {
        try
        {
            return string.IsNullOrWhiteSpace(item.Text) ? [] : JsonSerializer.Deserialize<Dictionary<string, object?>>(item.Text) ?? [];
        }
        catch (JsonException)
        {
            throw new InvalidRequestException($"{item.Place}.arguments", "Must be a JSON object, as a string.");
        }
    }
}
