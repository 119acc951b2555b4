using System.Text.Json;

namespace Yggdrasil.Agents.Files;

/// <summary>The fields of other runtimes' files that say nothing of a definition here: done in another way, or refused.</summary>
internal static class AgentFileFields
{
    public static AgentDefinition Read(YamlFields fields, AgentDefinition definition)
    {
        ReadEndpoints(fields);
        ReadSystemTools(fields);
        fields.Object("metadata");
        if (fields.Flag("logger") == true)
        {
            fields.Fault("logger", "Must be false, or be left out: answers are never logged.");
        }

        foreach (var name in (string[])["input_schema", "workflows"])
        {
            if (fields.Has(name))
            {
                fields.Fault(name, "Is not supported: leave it out.");
            }
        }

        return ReadExample(fields, definition);
    }

    /// <summary>Every agent has an API, a place in the console and a tool of the MCP server: what asks for less would not get it.</summary>
    private static void ReadEndpoints(YamlFields fields)
    {
        const string Name = "builtin_endpoints";
        const string Rule = "Must be true, or be left out: every agent has its routes, and who may call them is decided by the settings Auth__….";
        if (fields.Node(Name) is not { } node)
        {
            return;
        }

        if (YamlFields.AsFlag(node) is { } all)
        {
            if (!all)
            {
                fields.Fault(Name, Rule);
            }

            return;
        }

        if (fields.Object(Name) is { } endpoints)
        {
            foreach (var name in (string[])["debug_chat_ui", "chat_api", "mcp"])
            {
                if (endpoints.Flag(name) == false)
                {
                    endpoints.Fault(name, Rule);
                }
            }

            if (endpoints.Has("http_auth"))
            {
                endpoints.Fault("http_auth", "Is not supported: who may call is decided by the settings Auth__….");
            }

            endpoints.RejectOthers();
        }
    }

    private static void ReadSystemTools(YamlFields fields)
    {
        if (fields.Object("system_tools") is not { } system)
        {
            return;
        }

        foreach (var name in (string[])["dynamic_sessions_code_interpreter", "web_request"])
        {
            if (system.Flag(name) == true)
            {
                system.Fault(name, "Must be false, or be left out: there is no such tool. http_get and http_post can be listed in tools.");
            }
        }

        system.RejectOthers();
    }

    /// <summary>An example of the answer: shown to the model, and any JSON of its kind satisfies.</summary>
    private static AgentDefinition ReadExample(YamlFields fields, AgentDefinition definition)
    {
        const string Name = "response_example";
        if (fields.Text(Name) is not { } example)
        {
            return definition;
        }

        try
        {
            using var parsed = JsonDocument.Parse(example);
            var type = parsed.RootElement.ValueKind == JsonValueKind.Array ? "array" : "object";
            return definition with
            {
                Instructions = $"{definition.Instructions}\n\nAnswer with JSON alone, of the form of this example:\n{example.Trim()}".TrimStart(),
                ResponseSchema = definition.ResponseSchema ?? JsonSerializer.SerializeToElement(new { type }),
            };
        }
        catch (JsonException)
        {
            fields.Fault(Name, "Must be JSON.");
            return definition;
        }
    }
}
