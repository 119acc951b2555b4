using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>
/// Holds all that a client sends and gets against the published contract: the route and its verb, the status, required headers, the media
/// type and the body; for streams, each line or event as it is read; for requests that were accepted, their query and body.
/// </summary>
/// <exception cref="ContractViolationException">From <c>SendAsync</c>, or from reading a stream: something is not as described.</exception>
/// <param name="inner">Who sends; a socket by default.</param>
public sealed class ContractHandler(HttpMessageHandler? inner = null) : DelegatingHandler(inner ?? new SocketsHttpHandler())
{
    private static readonly PublishedContract Contract = PublishedContract.Instance;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        try
        {
            await CheckAsync(request, response, cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static async Task CheckAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Options || IsRefusedByServer(request, response))
        {
            return;
        }

        if (Contract.FindPath(request.RequestUri!.AbsolutePath) is not ({ } template, var operations))
        {
            Require(response.StatusCode == HttpStatusCode.NotFound, request, response, $"the path is not described: add it to a file of {PublishedContract.Folder}.");
            return;
        }

        var verb = request.Method == HttpMethod.Head ? "get" : request.Method.Method.ToLowerInvariant();
        if (operations[verb] is not JsonObject operation)
        {
            Require(
                response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, request, response,
                $"the verb is not described: add it to {template} in {PublishedContract.Folder}.");
            return;
        }

        var place = $"operation {operation["operationId"]} ({verb} {template})";
        await CheckResponseAsync(request, response, operation, place, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            await ContractRequests.CheckAsync(request, response, operation, place);
        }
    }

    /// <summary>Headers that are too long, and a null character in the path, are refused before the app sees the request.</summary>
    private static bool IsRefusedByServer(HttpRequestMessage request, HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.RequestHeaderFieldsTooLarge
        || (response.StatusCode == HttpStatusCode.BadRequest && request.RequestUri!.AbsolutePath.Contains("%00", StringComparison.Ordinal));

    private static async Task CheckResponseAsync(
        HttpRequestMessage request, HttpResponseMessage response, JsonObject operation, string place, CancellationToken cancellationToken)
    {
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        var responses = operation["responses"]!.AsObject();
        var node = responses[status] ?? responses[$"{status[0]}XX"];
        Require(node is not null, request, response, $"the status is not described: add it to the responses of {place}.");
        var described = Contract.Resolve(node!);
        CheckHeaders(request, response, described, place);
        if (request.Method == HttpMethod.Head)
        {
            return;
        }

        var mediaType = response.Content.Headers.ContentType?.MediaType;
        if (described["content"] is not JsonObject content)
        {
            Require(
                mediaType is null && (await response.Content.ReadAsByteArrayAsync(cancellationToken)).Length == 0, request, response,
                $"there is a body, of {mediaType}, and none is described: add it to the response {status} of {place}.");
            return;
        }

        Require(
            mediaType is not null && content[mediaType] is not null, request, response,
            $"the media type {mediaType ?? "(none)"} is not described: add it to the response {status} of {place}.");
        var schema = content[mediaType!]!["schema"]!;
        if (schema["$defs"]?.AsObject().Single() is (_, { } itemSchema))
        {
            response.Content = new CheckedContent(
                response.Content, item => Check(request, response, itemSchema, item), mediaType == "text/event-stream");
            return;
        }

        if (mediaType == "text/event-stream")
        {
            // Described by reference to a schema of others, which their clients hold it against.
            return;
        }

        await response.Content.LoadIntoBufferAsync(cancellationToken);
        Check(request, response, schema, JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    private static void CheckHeaders(HttpRequestMessage request, HttpResponseMessage response, JsonObject described, string place)
    {
        foreach (var (name, node) in described["headers"]?.AsObject() ?? [])
        {
            var header = Contract.Resolve(node!);
            var value = Value(response.Headers, name) ?? Value(response.Content.Headers, name);
            Require(value is not null || (bool?)header["required"] != true, request, response, $"the header {name} is missing that {place} requires.");
            if (value is not null)
            {
                JsonNode? typed = (string?)header["schema"]!["type"] == "integer" && long.TryParse(value, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : value;
                var errors = Contract.Schemas.Check(header["schema"]!, typed);
                Require(errors.Count == 0, request, response, $"the header {name} is not as described: {string.Join(' ', errors)}");
            }
        }
    }

    private static string? Value(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    internal static void Check(HttpRequestMessage request, HttpResponseMessage response, JsonNode schema, JsonNode? value)
    {
        if (request.RequestUri!.Query.Contains("fields=", StringComparison.Ordinal) && response.IsSuccessStatusCode)
        {
            CheckPart(request, response, value!);
            return;
        }

        var errors = Contract.Schemas.Check(schema, value);
        Require(errors.Count == 0, request, response, $"the body is not as described:\n  {string.Join("\n  ", errors)}\n{Shorten(value)}");
    }

    /// <summary>Who asks for some fields of runs gets these alone, whatever a whole run has to have.</summary>
    private static void CheckPart(HttpRequestMessage request, HttpResponseMessage response, JsonNode value)
    {
        var described = Contract.Schemas.Find("Run")!["properties"]!.AsObject();
        foreach (var (name, field) in (value["items"]?.AsArray() ?? [value.DeepClone()]).SelectMany(run => run!.AsObject()))
        {
            Require(described.ContainsKey(name), request, response, $"the field {name} is not described.");
            Check(new HttpRequestMessage(request.Method, request.RequestUri!.GetLeftPart(UriPartial.Path)), response, described[name]!, field);
        }
    }

    internal static void Require(bool holds, HttpRequestMessage request, HttpResponseMessage response, string message)
    {
        if (!holds)
        {
            throw new ContractViolationException(
                $"{request.Method} {request.RequestUri!.PathAndQuery} was answered {(int)response.StatusCode}, and {message}");
        }
    }

    private static string Shorten(JsonNode? value)
    {
        var text = value?.ToJsonString(JsonSerializerOptions.Web) ?? "null";
        return text.Length <= 2000 ? text : $"{text[..2000]}…";
    }
}
