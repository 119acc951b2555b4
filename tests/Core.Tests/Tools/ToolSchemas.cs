using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

/// <summary>Tools that are nothing but a schema.</summary>
internal static class ToolSchemas
{
    private const string ShapesSchema =
        """
        {
          "type": "object", "additionalProperties": false, "required": ["name"],
          "properties": {
            "name": { "type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$" },
            "count": { "type": "integer", "minimum": 1, "maximum": 9 },
            "ratio": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.25 },
            "on": { "type": "boolean" },
            "color": { "enum": ["red", "green"] },
            "list": { "type": "array", "items": { "type": "integer" }, "minItems": 1, "maxItems": 3, "uniqueItems": true },
            "inner": { "type": "object", "required": ["x"], "additionalProperties": false,
                       "properties": { "x": { "type": "integer" }, "deep": { "$ref": "#/properties/inner" } } },
            "either": { "anyOf": [ { "type": "string" }, { "type": "integer" } ] },
            "maybe": { "type": ["string", "null"] },
            "map": { "type": "object", "additionalProperties": { "type": "integer" }, "maxProperties": 2 },
            "when": { "type": "string", "format": "date-time" },
            "id": { "type": "string", "format": "uuid" }
          }
        }
        """;

    public static AgentTool Shapes { get; } = WithSchema(ShapesSchema);

    public static AgentTool WithSchema(string schema) => new()
    {
        Declaration = AIFunctionFactory.CreateDeclaration("shapes", null, JsonElement.Parse(schema)),
        InvokeAsync = (_, _, _, _) => Task.FromResult(""),
    };
}
