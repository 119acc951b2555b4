using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Yggdrasil.Functions.Tests.Startup;

/// <summary>The app as Program builds it, on the genuine worker, up to where the worker would call its host.</summary>
internal static class WorkerHost
{
    /// <summary>The executable, for which the worker's SDK generates what starts and calls functions.</summary>
    public static Assembly App { get; } = Assembly.Load("Yggdrasil.Functions");

    /// <param name="innermost">Adds middleware between the app's and the function.</param>
    public static IHost Build(Action<IFunctionsWorkerApplicationBuilder>? innermost = null)
    {
        var builder = FunctionsApplication.CreateBuilder(
        [
            "--AzureWebJobsStorage=UseDevelopmentStorage=true",
            "--Auth:Authority=https://login.example.com/v2.0",
            "--Auth:Audience=api://test",
            "--Protection:Key=ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LWEtc2VjcmU=",
            "--Functions:Worker:HostEndpoint=http://127.0.0.1:1",
            "--Functions:Worker:WorkerId=test",
            "--Functions:Worker:RequestId=test",
            "--Functions:Worker:GrpcMaxMessageLength=2147483647",
        ]);
        builder.AddYggdrasil();
        ConfigureExtensions(builder);
        innermost?.Invoke(builder);
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }));
        return builder.Build();
    }

    /// <summary>What the worker does for its entry assembly, which is the test's here.</summary>
    private static void ConfigureExtensions(IFunctionsWorkerApplicationBuilder builder)
    {
        var executor = App.GetCustomAttribute<WorkerExtensionStartupCodeExecutorInfoAttribute>()!.StartupCodeExecutorType;
        ((WorkerExtensionStartup)Activator.CreateInstance(executor)!).Configure(builder);
    }
}
