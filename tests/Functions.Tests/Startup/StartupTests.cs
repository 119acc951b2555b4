using System.Reflection;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Functions.Tests.Output;

namespace Yggdrasil.Functions.Tests.Startup;

/// <summary>The app as Program builds it, on the genuine worker, up to where the worker would call its host.</summary>
public sealed class StartupTests : IDisposable
{
    private readonly IHost _host = WorkerHost.Build();

    public static TheoryData<string> FunctionTypes =>
    [
        .. AppFunction.Declared.Select(function => function.EntryPoint[..function.EntryPoint.LastIndexOf('.')]).Distinct(),
    ];

    public void Dispose() => _host.Dispose();

    [Fact]
    public async Task Worker_tells_its_host_of_every_function() =>
        Assert.Equal(AppFunction.Declared, await ToldAsync(_host.Services.GetRequiredService<IFunctionMetadataProvider>()));

    /// <summary>What the worker of a started app has in the place of the provider that reads functions.metadata.</summary>
    [Fact]
    public async Task Generated_code_of_an_app_lists_the_functions_of_the_package_that_it_references()
    {
        var provider = WorkerHost.App.GetTypes().Single(type => type.IsAssignableTo(typeof(IFunctionMetadataProvider)));

        Assert.Equal(AppFunction.Declared, await ToldAsync((IFunctionMetadataProvider)Activator.CreateInstance(provider)!));
    }

    [Fact]
    public void Generated_code_of_an_app_finds_each_function_class()
    {
        var executor = WorkerHost.App.GetTypes().Single(type => type.IsAssignableTo(typeof(IFunctionExecutor)));
        var types = (Dictionary<string, Type?>)executor.GetField("types", BindingFlags.Instance | BindingFlags.NonPublic)!
            .GetValue(ActivatorUtilities.CreateInstance(_host.Services, executor))!;

        Assert.Equal(
            AppFunction.Declared.Select(function => function.EntryPoint[..function.EntryPoint.LastIndexOf('.')]).Where(type => !IsStatic(type)).ToHashSet(),
            types.Keys.ToHashSet());
        Assert.All(types, entry => Assert.Equal(typeof(YggdrasilWorker).Assembly.GetType(entry.Key, throwOnError: true), entry.Value));
    }

    [Theory]
    [MemberData(nameof(FunctionTypes))]
    public void Function_class_gets_what_its_constructor_asks_for(string type)
    {
        var functions = typeof(YggdrasilWorker).Assembly.GetType(type, throwOnError: true)!;
        if (functions is { IsAbstract: true, IsSealed: true })
        {
            Assert.Empty(functions.GetConstructors());
            return;
        }

        using var scope = _host.Services.CreateScope();

        Assert.IsType(functions, ActivatorUtilities.CreateInstance(scope.ServiceProvider, functions));
    }

    [Fact]
    public void Middleware_of_the_app_can_be_created()
    {
        var types = typeof(YggdrasilWorker).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IFunctionsWorkerMiddleware))).ToList();

        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.IsType(type, _host.Services.GetRequiredService(type)));
    }

    [Fact]
    public void Hosted_services_can_be_created() => Assert.NotEmpty(_host.Services.GetServices<IHostedService>());

    private static bool IsStatic(string type) => typeof(YggdrasilWorker).Assembly.GetType(type, throwOnError: true) is { IsAbstract: true, IsSealed: true };

    private static async Task<IEnumerable<AppFunction>> ToldAsync(IFunctionMetadataProvider provider) =>
        from function in await provider.GetFunctionMetadataAsync(AppContext.BaseDirectory)
        orderby function.Name
        select AppFunction.Told(
            function.Name!, function.EntryPoint!, function.RawBindings!.Select(binding => JsonDocument.Parse(binding).RootElement));
}
