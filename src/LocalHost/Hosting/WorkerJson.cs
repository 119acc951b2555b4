using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>The serializer of the worker: System.Text.Json as it comes, except that property names match in any case.</summary>
/// <remarks>
/// What crosses Durable or a queue trigger passes it. <c>services.Configure&lt;JsonSerializerOptions&gt;</c> changes it
/// here as in the genuine worker.
/// </remarks>
internal static class WorkerJson
{
    public static IServiceCollection AddWorkerJson(this IServiceCollection services) =>
        services.Configure<JsonSerializerOptions>(options => options.PropertyNameCaseInsensitive = true);

    public static JsonSerializerOptions JsonOptions(this IServiceProvider services) =>
        services.GetRequiredService<IOptions<JsonSerializerOptions>>().Value;
}
