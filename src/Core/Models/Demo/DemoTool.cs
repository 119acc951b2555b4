using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Demo;

/// <summary>A tool that the demo model is offered: its name, and what its JSON schema says about its arguments.</summary>
/// <param name="Name">The tool's name.</param>
/// <param name="Required">The arguments that each call needs, in the schema's order.</param>
/// <param name="Optional">The other arguments.</param>
internal sealed record DemoTool(string Name, IReadOnlyList<DemoParameter> Required, IReadOnlyList<DemoParameter> Optional)
{
    // Of an example; a schema from another server may have hundreds.
    private const int MaxParameters = 8;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>True where the demo model has sentences of its own for the tool.</summary>
    public bool IsBuiltIn =>
        Name is DemoAction.Calculator or DemoAction.Clock or DemoAction.HttpGet or DemoAction.HttpPost
        || Name.StartsWith(DemoAction.AgentPrefix, StringComparison.Ordinal);

    /// <summary>A prompt that calls the tool, for example <c>call find_order {"number":"…"}</c>.</summary>
    public string Example
    {
        get
        {
            var arguments = new JsonObject();
            foreach (var parameter in Required.Take(MaxParameters))
            {
                arguments[parameter.Name] = parameter.Sample();
            }

            return $"call {Name} {arguments.ToJsonString(Readable)}";
        }
    }

    public string HowToCall => $"To call {Name}, write for example: {Example}";

    public static DemoTool From(AITool tool)
    {
        var schema = (tool as AIFunctionDeclaration)?.JsonSchema ?? default;
        if (schema.ValueKind != JsonValueKind.Object
            || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
        {
            return new DemoTool(tool.Name, [], []);
        }

        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!).ToHashSet()
            : [];
        var parameters = properties.EnumerateObject().ToLookup(
            property => required.Contains(property.Name), property => new DemoParameter(property.Name, DemoSchema.TypeOf(property.Value)));
        return new DemoTool(tool.Name, [.. parameters[true]], [.. parameters[false]]);
    }
}
