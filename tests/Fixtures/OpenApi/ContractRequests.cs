using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>Holds requests that were accepted against the contract: what the app takes, the contract allows.</summary>
internal static class ContractRequests
{
    private static readonly PublishedContract Contract = PublishedContract.Instance;

    public static async Task CheckAsync(HttpRequestMessage request, HttpResponseMessage response, JsonObject operation, string place)
    {
        CheckQuery(request, response, operation, place);
        if (request.Content is not (ByteArrayContent or System.Net.Http.Json.JsonContent) || request.Content.Headers.ContentEncoding.Count > 0)
        {
            // None, a stream of a test's own, which is read once, or one that is compressed.
            return;
        }

        var body = await request.Content.ReadAsStringAsync();
        if (string.IsNullOrWhiteSpace(body))
        {
            return;
        }

        var content = operation["requestBody"]?["content"]?.AsObject();
        if (content is null)
        {
            ContractHandler.Require(
                JsonNode.Parse(body) is JsonObject { Count: 0 }, request, response, $"it takes a body that is not described: add it to {place}.");
            return;
        }

        var mediaType = request.Content.Headers.ContentType?.MediaType?.ToLowerInvariant() ?? "";
        if (mediaType.Contains("ndjson", StringComparison.Ordinal) || mediaType.Contains("jsonl", StringComparison.Ordinal))
        {
            var line = content["application/x-ndjson"]!["schema"]!["$defs"]!["line"]!;
            foreach (var text in body.Split('\n').Where(text => !string.IsNullOrWhiteSpace(text)))
            {
                ContractHandler.Check(request, response, line, Read(text));
            }

            return;
        }

        // JSON, whatever the test called it.
        ContractHandler.Check(request, response, content["application/json"]!["schema"]!, Read(body));
    }

    private static void CheckQuery(HttpRequestMessage request, HttpResponseMessage response, JsonObject operation, string place)
    {
        var described = (operation["parameters"]?.AsArray() ?? []).Select(parameter => Contract.Resolve(parameter!))
            .Where(parameter => (string?)parameter["in"] == "query")
            .Select(parameter => (string?)parameter["name"])
            .ToHashSet();
        var sent = request.RequestUri!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => Uri.UnescapeDataString(pair.Split('=')[0]));
        foreach (var name in sent)
        {
            ContractHandler.Require(
                described.Contains(name) || described.Contains(name.Split('.')[0]), request, response, $"the query parameter {name} is not described: add it to the parameters of {place}.");
        }
    }

    /// <summary>As the app reads it: a field that is null is one that is left out.</summary>
    private static JsonNode? Read(string text)
    {
        var body = JsonNode.Parse(text.TrimStart('\uFEFF'), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = true });
        WithoutNulls(body);
        return body;
    }

    private static void WithoutNulls(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                WithoutNulls(item);
            }
        }
        else if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields.ToList())
            {
                if (value is null)
                {
                    fields.Remove(name);
                }
                else
                {
                    WithoutNulls(value);
                }
            }
        }
    }
}
