using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ModelContextProtocol;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>The words of the tasks extension (SEP-2663), whose types no package has that is released.</summary>
internal static class TaskProtocol
{
    public const string Extension = "io.modelcontextprotocol/tasks";

    public const string Get = "tasks/get";
    public const string Update = "tasks/update";
    public const string Cancel = "tasks/cancel";

    /// <summary>The parameter that names a task, in its body and in the header <c>Mcp-Name</c>.</summary>
    public const string TaskId = "taskId";

    /// <summary>As the package writes what is its own.</summary>
    public static readonly JsonSerializerOptions Json = new(McpJsonUtilities.DefaultOptions)
    {
        TypeInfoResolver = JsonTypeInfoResolver.Combine(McpJsonUtilities.DefaultOptions.TypeInfoResolver, new DefaultJsonTypeInfoResolver()),
    };

    public static JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)Json.GetTypeInfo(typeof(T));
}
