using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Yggdrasil.Fixtures.OpenApi;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Limits;

namespace Yggdrasil.LocalHost.Tests.Functions.OpenApi;

/// <summary>Every type that the app writes as JSON is described by a schema of the contract: the same fields, of the same types.</summary>
public sealed class DocumentTypeTests
{
    private static readonly PublishedContract Contract = PublishedContract.Instance;

    /// <summary>The schemas that are not called as their documents are.</summary>
    private static readonly Dictionary<string, string> Names = new()
    {
        ["UsageDocument"] = "UsageReport",
        ["ErrorDocument"] = "ErrorKind",
        ["CheckDocument"] = "HealthCheck",
        ["HealthHistoryDocument"] = "HealthRecord",
        ["PoisonDocument"] = "PoisonedPrompt",
        ["TicketDocument"] = "EventTicket",
        ["Document"] = "Problem",
        ["InputDocument"] = "InputMessage",
    };

    /// <summary>A type that has itself as a field is compared once.</summary>
    private readonly HashSet<Type> _compared = [];

    public static TheoryData<string> Documents => [.. Types().Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Document_has_the_fields_that_are_described(string type)
    {
        var found = Types().Single(candidate => candidate.FullName == type);
        var isEvent = found.DeclaringType == typeof(EventDocuments);
        var name = isEvent ? $"{found.Name}Event" : Names.GetValueOrDefault(found.Name) ?? found.Name.Replace("Document", "", StringComparison.Ordinal);
        Assert.True(Contract.Schemas.Find(name) is not null, $"{type} is not described: add the schema {name} to a file of {PublishedContract.Folder}.");
        var schema = Contract.Schemas.Find(name)!;
        List<string> differences = [];

        Compare(found, isEvent ? schema["properties"]!["data"]! : schema, name, differences);

        Assert.True(differences.Count == 0, $"{type} is not what {Contract.Schemas.FileOf(name)} says:\n{string.Join('\n', differences)}");
    }

    [Fact]
    public void Page_is_described_for_each_document_that_is_listed()
    {
        foreach (var page in (string[])["Run", "Step", "Agent", "Tool", "Approval", "Conversation", "Message", "Batch", "Schedule", "Health", "Error", "Poison", "McpServer", "McpTool"])
        {
            var schema = Contract.Schemas.Find($"{page}Page");
            Assert.Equal(["items", "next"], schema!["required"]!.AsArray().Select(name => (string?)name));
        }
    }

    private static IEnumerable<Type> Types() =>
        typeof(RunDocument).Assembly.GetTypes().Where(type =>
            type.Namespace?.StartsWith("Yggdrasil.Functions.Http", StringComparison.Ordinal) == true
            && !type.IsGenericType
            && type.GetMethod("<Clone>$") is not null
            && (type.Name.EndsWith("Document", StringComparison.Ordinal) || type.DeclaringType == typeof(EventDocuments)))
        .Append(typeof(UsageLimits));

    private void Compare(Type given, JsonNode node, string place, List<string> differences)
    {
        var schema = Contract.Resolve(node);
        var type = Nullable.GetUnderlyingType(given) ?? given;
        if (type == typeof(object) || type == typeof(JsonElement))
        {
            return;
        }

        var (expected, format) = Kind(type);
        if (!TypesOf(schema).Contains(expected) || (format is not null && (string?)schema["format"] != format))
        {
            differences.Add($"{place}: {type.Name} is {expected} {format}, and described is {schema.ToJsonString()}");
        }
        else if (type.IsEnum)
        {
            CompareNames(
                Enum.GetValues(type).Cast<Enum>().Select(value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())),
                schema["enum"]?.AsArray().Select(value => (string)value!) ?? [], $"{place}, enum", differences);
        }
        else if (expected == "array")
        {
            Compare(ItemOf(type), schema["items"]!, $"{place}[]", differences);
        }
        else if (expected == "object")
        {
            CompareObject(type, schema, place, differences);
        }
    }

    private void CompareObject(Type type, JsonObject schema, string place, List<string> differences)
    {
        if (type.IsAssignableTo(typeof(IEnumerable)))
        {
            var values = type.GetGenericArguments()[1];
            if (schema["additionalProperties"] is JsonObject described)
            {
                Compare(values, described, $"{place}.*", differences);
            }
            else if (values != typeof(object) || (bool?)schema["additionalProperties"] != true)
            {
                differences.Add($"{place}: its values are {values.Name}, and not described.");
            }

            return;
        }

        if (!_compared.Add(type))
        {
            return;
        }

        var properties = ContractJson.Options.GetTypeInfo(type).Properties.Where(property => property.Get is not null).ToList();
        CompareNames(properties.Select(property => property.Name), schema["properties"]?.AsObject().Select(property => property.Key) ?? [], $"{place}, properties", differences);
        CompareNames(
            properties.Where(IsAlwaysThere).Select(property => property.Name),
            schema["required"]?.AsArray().Select(name => (string)name!) ?? [], $"{place}, required", differences);
        foreach (var property in properties)
        {
            if (schema["properties"]?[property.Name] is { } described)
            {
                Compare(property.PropertyType, described, $"{place}.{property.Name}", differences);
            }
        }
    }

    private static void CompareNames(IEnumerable<string> given, IEnumerable<string> described, string place, List<string> differences)
    {
        var (inType, inSchema) = (given.ToHashSet(), described.ToHashSet());
        differences.AddRange(inType.Except(inSchema).Select(name => $"{place}: add \"{name}\"."));
        differences.AddRange(inSchema.Except(inType).Select(name => $"{place}: remove \"{name}\"."));
    }

    private static bool IsAlwaysThere(JsonPropertyInfo property) =>
        !property.IsGetNullable && Nullable.GetUnderlyingType(property.PropertyType) is null;

    private static IEnumerable<string> TypesOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => several.Select(type => (string)type!),
        { } one => [(string)one!],
        null => [],
    };

    private static Type ItemOf(Type type) => type.IsArray ? type.GetElementType()! : type.GetGenericArguments().Single();

    private static (string Type, string? Format) Kind(Type type) => type switch
    {
        _ when type == typeof(string) || type.IsEnum => ("string", null),
        _ when type == typeof(bool) => ("boolean", null),
        _ when type == typeof(int) || type == typeof(long) => ("integer", null),
        _ when type == typeof(decimal) || type == typeof(double) || type == typeof(float) => ("number", null),
        _ when type == typeof(DateTimeOffset) => ("string", "date-time"),
        _ when type == typeof(DateOnly) => ("string", "date"),
        _ when type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)) && type.GetGenericArguments().Length == 2 => ("object", null),
        _ when type.IsAssignableTo(typeof(IEnumerable)) => ("array", null),
        _ => ("object", null),
    };
}
