using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Limits.Fairness;

/// <summary>How many activities the host hands to one instance of the app at a time, as far as the app can know.</summary>
internal static class HostActivities
{
    public const string Setting = "extensions.durableTask.maxConcurrentActivityFunctions";

    /// <summary>The app setting that takes precedence over host.json.</summary>
    private const string Override = "AzureFunctionsJobHost:extensions:durableTask:maxConcurrentActivityFunctions";

    /// <param name="hostJson">The path of host.json, which is deployed beside the app.</param>
    /// <returns>Null where neither says so; the host's own default depends on its cores.</returns>
    public static int? Find(IConfiguration configuration, string hostJson)
    {
        if (int.TryParse(configuration[Override], NumberStyles.None, CultureInfo.InvariantCulture, out var set))
        {
            return set;
        }

        if (!File.Exists(hostJson))
        {
            return null;
        }

        try
        {
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            return JsonNode.Parse(File.ReadAllText(hostJson), documentOptions: options)?["extensions"]?["durableTask"]?["maxConcurrentActivityFunctions"]
                is JsonValue value && value.TryGetValue<int>(out var written) ? written : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The host does not start with such a file, and says why.
            return null;
        }
    }
}
