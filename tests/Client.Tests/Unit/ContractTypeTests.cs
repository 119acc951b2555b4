using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Client.Tests;

/// <summary>The client's types against the published contract: a field that is added there is owed here.</summary>
public sealed class ContractTypeTests
{
    private static readonly Dictionary<Type, string> SchemaNames = new()
    {
        [typeof(RunStep)] = "Step",
        [typeof(CallbackMessage)] = "RunEndedMessage",
    };

    /// <summary>What the server takes only because it has answered it, and links that the client's own methods stand for.</summary>
    private static readonly HashSet<string> LeftOut =
    [
        "AgentDefinition.id", "AgentDefinition.version", "AgentDefinition.owner", "AgentDefinition.source", "AgentDefinition.configuredBy", "AgentDefinition.createdAt", "AgentDefinition.updatedAt",
        "Approval.links", "Conversation.links",
    ];

    public static TheoryData<Type> Documents => [.. typeof(YggdrasilClient).Assembly.GetExportedTypes()
        .Where(type => type.GetMethod("<Clone>$") is not null && !typeof(RunEvent).IsAssignableFrom(type) && type != typeof(RunFilter) && type != typeof(CallbackSubject))];

    public static TheoryData<Type> Events => [.. typeof(YggdrasilClient).Assembly.GetExportedTypes()
        .Where(type => type.IsSubclassOf(typeof(RunEvent)) && type != typeof(RunEndedEvent) && type != typeof(UnknownRunEvent))];

    public static TheoryData<Type> Values => [.. typeof(YggdrasilClient).Assembly.GetExportedTypes()
        .Where(type => type is { IsAbstract: true, IsSealed: true } && type.GetFields().Length > 0 && type != typeof(YggdrasilChatExtensions))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Document_has_the_fields_of_its_schema(Type type) => Compare(type, Schema(SchemaNames.GetValueOrDefault(type, type.Name)));

    [Theory]
    [MemberData(nameof(Events))]
    public void Event_has_the_fields_of_its_data(Type type) => Compare(type, Resolve(Schema(type.Name)["properties"]!["data"]!));

    [Fact]
    public void Every_event_of_the_contract_has_a_type() => Assert.All(
        Schema("RunEvent")["oneOf"]!.AsArray().Select(item => ((string)item!["$ref"]!).Split('/')[^1]),
        name => Assert.NotNull(typeof(RunEvent).Assembly.GetType($"Yggdrasil.Client.{name}")));

    [Theory]
    [MemberData(nameof(Values))]
    public void Values_are_those_of_the_contract(Type type) => Assert.Equal(
        Schema(type.Name)["enum"]!.AsArray().Select(value => (string)value!), type.GetFields().Select(field => (string)field.GetRawConstantValue()!));

    private static void Compare(Type type, JsonObject schema)
    {
        var required = schema["required"]?.AsArray().Select(name => (string)name!).ToHashSet() ?? [];
        var wanted = schema["properties"]!.AsObject()
            .Where(property => !LeftOut.Contains($"{type.Name}.{property.Key}"))
            .Select(property => $"{property.Key}{(required.Contains(property.Key) ? "" : "?")}");

        Assert.Equal(wanted.Order(StringComparer.Ordinal), FieldsOf(type).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> FieldsOf(Type type)
    {
        var nullability = new NullabilityInfoContext();
        return type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetCustomAttribute<JsonIgnoreAttribute>() is null)
            .Select(property => (
                Name: property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(property.Name),
                IsOptional: nullability.Create(property).ReadState == NullabilityState.Nullable))
            .Select(property => $"{property.Name}{(property.IsOptional ? "?" : "")}");
    }

    private static JsonObject Schema(string name) => Resolve(new JsonObject { ["$ref"] = $"#/components/schemas/{name}" });

    private static JsonObject Resolve(JsonNode node) => PublishedContract.Instance.Resolve(node);
}
