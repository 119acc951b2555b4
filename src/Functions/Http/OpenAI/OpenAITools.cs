using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>The tools of a request, and which of them the model is to call.</summary>
internal static class OpenAITools
{
    private const string Field = "tools";
    private const string Choice = "tool_choice";

    /// <summary>The functions that the caller makes. What names our own tools is taken and changes nothing.</summary>
    /// <param name="isNested">A function's fields are in an object of their own, as chat has them.</param>
    public static IReadOnlyList<ClientTool> Read(JsonFields fields, bool isNested)
    {
        List<ClientTool> tools = [];
        if (fields.Get(Field) is not { } list)
        {
            return tools;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > AgentValidator.MaxTools)
        {
            throw new InvalidRequestException(Field, $"Must be a list of at most {AgentValidator.MaxTools} tools.");
        }

        foreach (var (index, tool) in list.EnumerateArray().Index())
        {
            var place = $"{Field}[{index}]";
            var type = TypeOf(tool);
            if (type == "function")
            {
                tools.Add(ReadFunction(tool, place, isNested));
            }
            else
            {
                // The agent's own tools are said to be of this server, so clients name it to answer for them.
                OpenAIFields.Require(
                    type == "mcp" && tool.TryGetProperty("server_label", out var label) && OpenAIFields.IsText(label, ResponseItems.ServerLabel),
                    place, $"Must be a function, or the server \"{ResponseItems.ServerLabel}\" of the agent's own tools.");
            }
        }

        return tools;
    }

    /// <returns>The choice; and the one tool that is to be called, if one is named.</returns>
    public static (ToolChoice? Choice, string? Tool) ReadChoice(JsonFields fields, bool isNested)
    {
        if (fields.Get(Choice) is not { } choice)
        {
            return (null, null);
        }

        if (choice.ValueKind == JsonValueKind.String)
        {
            OpenAIFields.Require(OpenAIFields.IsText(choice, "auto", "none", "required"), Choice, "Must be auto, none, required or a function.");
            return OpenAIFields.IsText(choice, "auto") ? (null, null) : OpenAIFields.IsText(choice, "none") ? (ToolChoice.None, null) : (ToolChoice.Required, null);
        }

        OpenAIFields.Require(TypeOf(choice) == "function", Choice, "Must be auto, none, required or a function.");
        var named = isNested && choice.TryGetProperty("function", out var inner) ? inner : choice;
        return named.ValueKind == JsonValueKind.Object && named.TryGetProperty("name", out var name) && JsonFields.TryGetText(name, out var text)
            ? (ToolChoice.Required, text)
            : throw new InvalidRequestException($"{Choice}.name", "Is required: the function's name.");
    }

    /// <summary>The caller's tools, as a response repeats them.</summary>
    public static JsonArray Of(Run run) => [.. run.ClientTools.Select(tool => (JsonNode)new JsonObject
    {
        ["type"] = "function",
        ["name"] = tool.Name,
        ["description"] = tool.Description,
        ["parameters"] = tool.Parameters is { } parameters ? JsonNode.Parse(parameters.GetRawText()) : null,
        ["strict"] = false,
    })];

    public static string? TypeOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("type", out var type) && JsonFields.TryGetText(type, out var text) ? text : null;

    private static ClientTool ReadFunction(JsonElement tool, string place, bool isNested)
    {
        var path = place;
        if (isNested)
        {
            path = $"{place}.function";
            if (!tool.TryGetProperty("function", out tool) || tool.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidRequestException(path, "Is required: an object with name, description and parameters.");
            }
        }

        var inner = new JsonFields(tool, new FieldErrors(), $"{path}.");
        var read = new ClientTool(inner.String("name") ?? "", inner.String("description"), inner.Object("parameters"));
        inner.Errors.ThrowIfAny();
        return read;
    }
}
