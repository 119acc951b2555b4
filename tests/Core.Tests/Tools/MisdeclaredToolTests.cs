using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public sealed class MisdeclaredToolTests
{
    public static TheoryData<Type, string, string> Misdeclared => new()
    {
        { typeof(BadName), "BadName.Find", "'Find-It' is not a tool name" },
        { typeof(EmptyName), "EmptyName.Find", "'' is not a tool name" },
        { typeof(LongName), "LongName.Find", "is not a tool name" },
        { typeof(ForeverTool), "ForeverTool.Find", "TimeoutSeconds is 601" },
        { typeof(InstantTool), "InstantTool.Find", "TimeoutSeconds is 0" },
        { typeof(BlankRole), "BlankRole.Find", "empty role" },
        { typeof(Hidden), "Hidden.Find", "not public" },
        { typeof(Generic), "Generic.Find", "generic" },
        { typeof(ByReference), "ByReference.Find", "'id' is passed by reference" },
        { typeof(AsyncVoid), "AsyncVoid.Find", "async" },
        { typeof(Streaming), "Streaming.Find", "IAsyncEnumerable" },
        { typeof(Overloaded), "Overloaded.Find", "already the tool 'find'" },
        { typeof(NoTools), "NoTools", "no method marked [AgentTool]" },
    };

    [Theory]
    [MemberData(nameof(Misdeclared))]
    public void A_misdeclared_tool_fails_at_registration_and_is_named(Type type, string named, string reason)
    {
        var failure = Assert.Throws<InvalidOperationException>(() => Add(type, new ServiceCollection()));

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_classes_with_a_tool_of_one_name_fail_at_registration_and_both_are_named()
    {
        var failure = Assert.Throws<InvalidOperationException>(
            () => new ServiceCollection().AddAgentTools<OneFind>().AddAgentTools<OtherFind>());

        Assert.Contains("OneFind.Find", failure.Message, StringComparison.Ordinal);
        Assert.Contains("OtherFind.Find", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(NeedsStore), "NeedsStore.Find", "'store' of type IOrderStore")]
    [InlineData(typeof(NeedsExplicitService), "NeedsExplicitService.Find", "'filter' of type OrderFilter")]
    [InlineData(typeof(AddAgentToolsTests.NeedsKeyed), "NeedsKeyed.Find", "'text' of type String")]
    [InlineData(typeof(NeedsCallback), "NeedsCallback.Find", "'callback' of type Action")]
    public async Task A_parameter_nobody_can_fill_fails_the_start_of_the_host(Type type, string named, string parameter)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        Add(type, builder.Services);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.Contains(parameter, failure.Message, StringComparison.Ordinal);
    }

    private static void Add(Type type, IServiceCollection services) => typeof(ToolServiceCollectionExtensions)
        .GetMethod(nameof(ToolServiceCollectionExtensions.AddAgentTools))!
        .MakeGenericMethod(type)
        .CreateDelegate<Func<IServiceCollection, IServiceCollection>>()(services);

    public sealed class BadName
    {
        [AgentTool(Name = "Find-It")]
        public static string Find() => "";
    }

    public sealed class EmptyName
    {
        [AgentTool(Name = "")]
        public static string Find() => "";
    }

    public sealed class LongName
    {
        [AgentTool(Name = "a2345678901234567890123456789012345678901234567890123456789012345")]
        public static string Find() => "";
    }

    public sealed class ForeverTool
    {
        [AgentTool(TimeoutSeconds = 601)]
        public static string Find() => "";
    }

    public sealed class InstantTool
    {
        [AgentTool(TimeoutSeconds = 0)]
        public static string Find() => "";
    }

    public sealed class BlankRole
    {
        [AgentTool(Roles = ["sales", " "])]
        public static string Find() => "";
    }

    public sealed class Hidden
    {
        [AgentTool]
        internal static string Find() => "";
    }

    public sealed class Generic
    {
        [AgentTool]
        public static string Find<T>(T value) => $"{value}";
    }

    public sealed class ByReference
    {
        [AgentTool]
        public static string Find(ref int id) => $"{id}";
    }

    public sealed class AsyncVoid
    {
        [AgentTool]
        public static async void Find() => await Task.Yield();
    }

    public sealed class Streaming
    {
        [AgentTool]
        public static IAsyncEnumerable<int> Find() => AsyncEnumerable.Range(0, 1);
    }

    public sealed class Overloaded
    {
        [AgentTool]
        public static string Find(int id) => $"{id}";

        [AgentTool]
        public static string Find(string id) => id;
    }

    public sealed class NoTools
    {
        [Description("Not marked")]
        public static string Find() => "";
    }

    public sealed class OneFind
    {
        [AgentTool]
        public static string Find() => "";
    }

    public sealed class OtherFind
    {
        [AgentTool]
        public static string Find() => "";
    }

    public sealed class NeedsStore
    {
        [AgentTool]
        public static string Find(IOrderStore store) => store.Name;
    }

    public sealed class NeedsExplicitService
    {
        [AgentTool]
        public static string Find([FromServices] OrderFilter filter) => filter.City;
    }

    public sealed class NeedsCallback
    {
        [AgentTool]
        public static string Find(Action callback) => $"{callback}";
    }
}
