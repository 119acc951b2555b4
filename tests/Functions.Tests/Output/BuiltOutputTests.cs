using System.Text.Json;
using Yggdrasil.Functions.Http.Routes;

namespace Yggdrasil.Functions.Tests.Output;

/// <summary>What the build puts beside the app for the Functions host: a publish copies the same files.</summary>
public sealed class BuiltOutputTests
{
    [Fact]
    public void Host_is_told_of_every_function_with_its_bindings()
    {
        using var metadata = Read("functions.metadata");
        var told = metadata.RootElement.EnumerateArray()
            .Select(function => AppFunction.Told(
                Text(function, "name"), Text(function, "entryPoint"), function.GetProperty("bindings").EnumerateArray()))
            .OrderBy(function => function.Name);

        Assert.Equal(AppFunction.Declared, told);
        Assert.All(metadata.RootElement.EnumerateArray(), function =>
            Assert.Equal(("Yggdrasil.Functions.dll", "dotnet-isolated"), (Text(function, "scriptFile"), Text(function, "language"))));
    }

    [Fact]
    public void Function_for_unknown_routes_is_tried_last()
    {
        var names = AppFunction.Declared.Select(function => function.Name).Order(StringComparer.OrdinalIgnoreCase).ToList();

        Assert.Equal(nameof(RouteFunctions.WrongRoute), names[^1]);
        Assert.Equal(names.Distinct(StringComparer.OrdinalIgnoreCase), names);
    }

    [Fact]
    public void Callers_are_identified_by_the_app_so_the_host_asks_for_no_key()
    {
        var http = AppFunction.Declared.Where(function => function.Bindings.Contains("httpTrigger", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(http);
        Assert.All(http, function => Assert.Contains("httpTrigger Anonymous", function.Bindings, StringComparison.Ordinal));
    }

    [Fact]
    public void Extensions_that_the_bindings_need_are_there_to_be_loaded()
    {
        using var extensions = Read("extensions.json");
        var listed = extensions.RootElement.GetProperty("extensions").EnumerateArray().ToList();

        Assert.Equal(["AzureStorageQueues", "DurableTask", "Startup"], listed.Select(extension => Text(extension, "name")).Order(StringComparer.Ordinal));
        Assert.All(listed, extension => Assert.True(File.Exists(PathOf(Text(extension, "hintPath"))), Text(extension, "hintPath")));
    }

    [Fact]
    public void Worker_is_started_by_dotnet_and_indexes_its_own_functions()
    {
        using var config = Read("worker.config.json");
        var description = config.RootElement.GetProperty("description");

        Assert.Equal(
            ("dotnet-isolated", "dotnet", "Yggdrasil.Functions.dll", "true"),
            (Text(description, "language"), Text(description, "defaultExecutablePath"), Text(description, "defaultWorkerPath"),
                Text(description, "workerIndexing")));
        Assert.True(File.Exists(PathOf(Text(description, "defaultWorkerPath"))));
    }

    [Fact]
    public void Host_settings_are_those_of_the_source()
    {
        using var host = Read("host.json");

        Assert.Equal("2.0", Text(host.RootElement, "version"));
        Assert.Equal("", Text(host.RootElement.GetProperty("extensions").GetProperty("http"), "routePrefix"));
        Assert.Equal("none", Text(host.RootElement.GetProperty("extensions").GetProperty("queues"), "messageEncoding"));
        Assert.Equal("Yggdrasil", Text(host.RootElement.GetProperty("extensions").GetProperty("durableTask"), "hubName"));
    }

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(PathOf(file)));

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;
}
