using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Approvals;

/// <summary>
/// What binds a decision to what its decider saw: SHA-256 over run, call, tool and arguments in canonical form (names in
/// ordinal order, no spaces, numbers as written).
/// </summary>
internal static class ArgumentsHash
{
    public static string Of(string runId, PendingCall call)
    {
        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write(Encoding.UTF8.GetBytes($"{runId}\n{call.CallId}\n{call.Content.Name}\n"));
        using var arguments = JsonDocument.Parse(ArgumentJson.Of(call.Content.Arguments).Text, ArgumentJson.Rules);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = ArgumentJson.MaxDepth }))
        {
            Write(writer, arguments.RootElement);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    Write(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
