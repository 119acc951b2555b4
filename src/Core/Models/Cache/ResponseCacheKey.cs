using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Profiles.Shaping;

namespace Yggdrasil.Models.Cache;

/// <summary>Names the answer to a model request: equal for requests that ask the same on the same behalf, and only for these.</summary>
/// <remarks>
/// A SHA-256 over the scope, the agent and its version, the models, every message, every tool declaration and every option. What
/// differs between equal requests is left out: ids of messages and times; the ids of tool calls, which hold the id of their run,
/// count by their order. Whatever else differs makes another key: a miss costs a call, a wrong hit would be a wrong answer.
/// </remarks>
/// <param name="Partition">As of <see cref="ResponseCacheScope"/>.</param>
/// <param name="Hash">64 hexadecimal digits.</param>
internal sealed record ResponseCacheKey(string Partition, string Hash)
{
    // Part of the hash: another value makes every stored answer a miss. Raise it when the form of stored answers changes.
    private const string Form = "response/1";
    private const int HashLength = 64;

    /// <param name="models">The model and its fallbacks, in order.</param>
    public static ResponseCacheKey Of(
        ResponseCacheScope scope, IEnumerable<ModelId> models, IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        using var hash = new FieldHash();
        hash.Add(Form);
        hash.Add(scope.Partition);
        hash.Add(scope.AgentKey);
        hash.Add(scope.AgentVersion.ToString(CultureInfo.InvariantCulture));
        hash.Add(scope.Ttl.Ticks.ToString(CultureInfo.InvariantCulture));
        hash.AddAll(models, model => hash.Add(model.ToString()));
        hash.AddAll(options?.Tools ?? [], tool => AddTool(hash, tool));
        hash.Add(PromptAffinity.Without(options) is { } asked ? Json(asked) : null);
        var calls = new Dictionary<string, string>(StringComparer.Ordinal);
        hash.AddAll(messages, message => AddMessage(hash, message, calls));
        return new ResponseCacheKey(scope.Partition, hash.Finish());
    }

    /// <summary>Reads what <see cref="ToString"/> wrote; false for what is no key of ours.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ResponseCacheKey? key)
    {
        key = text.Length > HashLength + 1 && text[HashLength] == '!' ? new(text[(HashLength + 1)..], text[..HashLength]) : null;
        return key is not null;
    }

    public override string ToString() => $"{Hash}!{Partition}";

    private static void AddTool(FieldHash hash, AITool tool)
    {
        hash.Add(tool.Name);
        hash.Add(tool.Description);
        hash.Add((tool as AIFunctionDeclaration)?.JsonSchema.GetRawText());
    }

    private static void AddMessage(FieldHash hash, ChatMessage message, Dictionary<string, string> calls)
    {
        hash.Add(message.Role.Value);
        hash.Add(message.AuthorName);
        hash.AddAll(message.Contents, content =>
        {
            AddContent(hash, content, calls);
            hash.Add(content.AdditionalProperties is { Count: > 0 } properties ? Json(properties) : null);
        });
    }

    private static void AddContent(FieldHash hash, AIContent content, Dictionary<string, string> calls)
    {
        switch (content)
        {
            case TextContent text:
                hash.Add("text");
                hash.Add(text.Text);
                break;
            case TextReasoningContent reasoning:
                hash.Add("reasoning");
                hash.Add(reasoning.Text);
                hash.Add(reasoning.ProtectedData);
                break;
            case FunctionCallContent call:
                hash.Add("call");
                hash.Add(Ordinal(call.CallId, calls));
                hash.Add(call.Name);
                hash.Add(Json(call.Arguments));
                break;
            case FunctionResultContent result:
                hash.Add("result");
                hash.Add(Ordinal(result.CallId, calls));
                hash.Add(Json(result.Result));
                break;
            default:
                hash.Add("other");
                hash.Add(Json(content));
                break;
        }
    }

    private static string Ordinal(string callId, Dictionary<string, string> calls)
    {
        calls.TryAdd(callId, calls.Count.ToString(CultureInfo.InvariantCulture));
        return calls[callId];
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, AIJsonUtilities.DefaultOptions);

    /// <summary>A hash of fields, each with its length before it, so that no two sequences of fields run into each other.</summary>
    private sealed class FieldHash : IDisposable
    {
        private const int Absent = -1;

        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public void Add(string? field)
        {
            if (field is null)
            {
                AddNumber(Absent);
                return;
            }

            var bytes = Encoding.UTF8.GetBytes(field);
            AddNumber(bytes.Length);
            _hash.AppendData(bytes);
        }

        public void AddAll<T>(IEnumerable<T> items, Action<T> add)
        {
            var list = items as IReadOnlyCollection<T> ?? [.. items];
            AddNumber(list.Count);
            foreach (var item in list)
            {
                add(item);
            }
        }

        public string Finish() => Convert.ToHexStringLower(_hash.GetHashAndReset());

        public void Dispose() => _hash.Dispose();

        private void AddNumber(int number)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
            _hash.AppendData(bytes);
        }
    }
}
