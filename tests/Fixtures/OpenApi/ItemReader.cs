using System.Text;
using System.Text.Json.Nodes;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>Finds the items of a stream in its bytes, however they are cut: lines of NDJSON, or server-sent events.</summary>
/// <param name="check">Called for each whole item; an event is an object of <c>id</c>, <c>event</c> and <c>data</c>.</param>
internal sealed class ItemReader(Action<JsonNode?> check, bool areEvents)
{
    private readonly List<byte> _line = [];
    private JsonObject _event = [];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (var one in bytes)
        {
            if (one != (byte)'\n')
            {
                _line.Add(one);
                continue;
            }

            var line = Encoding.UTF8.GetString([.. _line]).TrimEnd('\r');
            _line.Clear();
            if (areEvents)
            {
                AddEventLine(line);
            }
            else
            {
                check(JsonNode.Parse(line));
            }
        }
    }

    private void AddEventLine(string line)
    {
        if (line.Length == 0)
        {
            var done = _event;
            _event = [];

            // A block without data is a comment, or sets the time of reconnection.
            if (done.ContainsKey("data"))
            {
                check(done);
            }

            return;
        }

        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].TrimStart(' '));
        if (field == "data")
        {
            _event[field] = JsonNode.Parse(value);
        }
        else if (field is "id" or "event")
        {
            _event[field] = value;
        }
        else if (field is not ("" or "retry"))
        {
            throw new ContractViolationException($"A server-sent event has no field {field}.");
        }
    }
}
