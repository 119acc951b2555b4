using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Http.Batches;

/// <summary>Reads the body of a request that makes a batch, as JSON or as NDJSON, item by item.</summary>
/// <remarks>
/// <code>
/// JSON     { "agent": "…", "callback": { … }, "items": [ { "id": "…", "input": "…" }, … ] }     fields in any order
/// NDJSON   { "agent": "…", "callback": { … } }      unless the query names the agent
///          { "id": "…", "input": "…" }
///          …
/// </code>
/// The first mistake ends it: what follows a wrong line is most often wrong too, and there may be much of it.
/// </remarks>
internal sealed class BatchRequest(HttpRequest request) : BatchUpload
{
    public const string Agent = "agent";

    private const long MaxBytes = 25 * 1024 * 1024;

    /// <summary>An input of 256 KiB, each character of which is escaped.</summary>
    private const int MaxItemBytes = 2 * 1024 * 1024;

    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly FieldErrors _errors = new();
    private string? _agent = request.Query.TryGetValue(Agent, out var named) ? named.ToString() : null;
    private string? _callback;
    private string _hash = "";
    private int _count;

    /// <summary>Whether the body is NDJSON, as its content type says.</summary>
    private bool IsLines => (request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant()
        is "application/x-ndjson" or "application/ndjson" or "application/jsonl";

    public override BatchHeader Header
    {
        get
        {
            _errors.Require(_agent is not null, Agent, "Is required: an agent's id.");
            _errors.ThrowIfAny();
            return new BatchHeader(_agent!, _callback, _hash);
        }
    }

    public override async IAsyncEnumerable<NewBatchItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw new PayloadTooLargeException($"The body may have at most {MaxBytes / (1024 * 1024)} MiB.");
        }

        using var arriving = BoundedBody.Of(request);
        using var stream = new JsonStream(RequestEncoding.Open(request, arriving), MaxBytes, MaxItemBytes, IsLines);
        stream.Hash(Encoding.UTF8.GetBytes($"{_agent}\n"));
        await foreach (var item in IsLines ? ReadLinesAsync(stream, cancellationToken) : ReadObjectAsync(stream, cancellationToken))
        {
            yield return item;
        }

        _hash = stream.TakeHash();
    }

    private async IAsyncEnumerable<NewBatchItem> ReadLinesAsync(JsonStream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await stream.ReadValueAsync(cancellationToken) is { } line)
        {
            if (_count == 0 && _agent is null)
            {
                ReadHeader(line);
                continue;
            }

            yield return ReadItem(line);
        }
    }

    private async IAsyncEnumerable<NewBatchItem> ReadObjectAsync(JsonStream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_agent is not null)
        {
            throw new InvalidRequestException(Agent, "As a query parameter it goes with NDJSON; in JSON it is a field.");
        }

        if (await stream.ReadTokenAsync(cancellationToken) is not { Type: JsonTokenType.StartObject })
        {
            throw new InvalidRequestException("body", "The body must be a JSON object, or NDJSON with Content-Type: application/x-ndjson.");
        }

        HashSet<string> known = [];
        while (await stream.ReadTokenAsync(cancellationToken) is { Type: JsonTokenType.PropertyName, Name: { } name })
        {
            if (!known.Add(name))
            {
                throw new InvalidRequestException(name, "This field is given twice.");
            }

            if (name == "items")
            {
                if (await stream.ReadTokenAsync(cancellationToken) is not { Type: JsonTokenType.StartArray })
                {
                    throw new InvalidRequestException(name, "Must be an array of items.");
                }

                while (await stream.ReadValueAsync(cancellationToken) is { } item)
                {
                    yield return ReadItem(item);
                }
            }
            else if (await stream.ReadValueAsync(cancellationToken) is { } value)
            {
                ReadField(name, value);
            }
        }

        // Nothing but white space may follow; the reader says so.
        await stream.ReadTokenAsync(cancellationToken);
    }

    private void ReadField(string name, JsonElement value)
    {
        RequestBody.RequireDistinct(value);
        using var document = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, JsonElement> { [name] = value }));
        ReadHeader(document.RootElement.Clone());
    }

    private void ReadHeader(JsonElement header)
    {
        if (header.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidRequestException("body", "The first line must be an object with the agent, unless the query names it.");
        }

        RequestBody.RequireDistinct(header);
        var fields = new JsonFields(header, _errors);
        _agent = fields.String(Agent) ?? _agent;
        _callback = RunRequest.ReadCallback(fields) ?? _callback;
        fields.RejectOthers();
        _errors.ThrowIfAny();
        if (IsLines && _agent is null)
        {
            throw new InvalidRequestException(Agent, "Is required in the first line, or as ?agent=.");
        }
    }

    private NewBatchItem ReadItem(JsonElement item)
    {
        var path = $"items[{_count}]";
        if (++_count > MaxItems)
        {
            throw new InvalidRequestException("items", $"At most {MaxItems} items.");
        }

        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidRequestException(path, "Must be an object with id and input.");
        }

        RequestBody.RequireDistinct(item);
        var fields = new JsonFields(item, new FieldErrors(), $"{path}.");
        var id = fields.String("id");
        fields.Errors.Require(Ids.IsValid(id), fields.PathOf("id"), "Is required: an id is [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        fields.Errors.Require(id is null || _ids.Add(id), fields.PathOf("id"), "Another item has this id.");
        var input = RunRequest.ReadInput(fields);
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return new NewBatchItem(id!, input);
    }
}
