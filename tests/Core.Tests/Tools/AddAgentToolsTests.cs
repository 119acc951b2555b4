using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public sealed class AddAgentToolsTests
{
    private static ToolHost OrderHost() =>
        new(services => services.AddSingleton<IOrderStore, OrderStore>().AddAgentTools<OrderTools>());

    [Theory]
    [InlineData("add", """{"left":17,"right":23}""", "40")]
    [InlineData("nothing", "{}", "ok")]
    [InlineData("task_only", "{}", "ok")]
    [InlineData("value_task_only", "{}", "ok")]
    [InlineData("value_task_of_record", "{}", """{"city":"Tromsø","state":"Shipped"}""")]
    [InlineData("null", "{}", "null")]
    [InlineData("doubled", """{"numbers":[1,2]}""", "[2,4]")]
    public async Task Every_shape_of_method_answers_words_for_the_model(string tool, string arguments, string expected)
    {
        using var host = OrderHost();
        Assert.Equal(expected, await host.CallAsync(tool, arguments));
    }

    [Theory]
    [InlineData("""{"filter":{"city":"Oslo"}}""", "Oslo|run_1:t3c0|store|True|True|10|Shipped||True|store")]
    [InlineData(
        """{"filter":{"city":"Oslo"},"limit":3,"state":"Open","tags":["a","b"]}""",
        "Oslo|run_1:t3c0|store|True|True|3|Open|2|True|store")]
    [InlineData("""{"filter":{"city":"Oslo"},"state":null}""", "Oslo|run_1:t3c0|store|True|True|10|||True|store")]
    public async Task Services_context_and_token_are_injected_and_defaults_filled_in(string arguments, string expected)
    {
        using var host = OrderHost();
        using var source = new CancellationTokenSource();
        Assert.Equal(expected, await host.CallAsync("find_orders", arguments, source.Token));
    }

    [Fact]
    public void The_schema_is_strict_and_knows_only_what_the_model_gives()
    {
        using var host = OrderHost();
        var declaration = host.Tool("find_orders").Declaration;

        Assert.Equal("Finds orders.", declaration.Description);
        Assert.Null(declaration.ReturnJsonSchema);
        Assert.Equal(
            """
            {"type":"object","properties":{"filter":{"description":"Which orders","type":"object","properties":{"city":{"description":"City of the addressee","type":"string"},"state":{"type":["string","null"],"enum":["Open","Shipped",null]},"or":{"type":["object","null"],"properties":{"city":{"description":"City of the addressee","type":"string"},"state":{"type":["string","null"],"enum":["Open","Shipped",null]},"or":{"$ref":"#/properties/filter/properties/or"}},"required":["city"],"additionalProperties":false}},"required":["city"],"additionalProperties":false},"limit":{"type":"integer","default":10,"minimum":1,"maximum":100},"state":{"type":["string","null"],"enum":["Open","Shipped",null],"default":"Shipped"},"tags":{"type":["array","null"],"items":{"type":["string","null"]},"default":null}},"required":["filter"],"additionalProperties":false}
            """,
            declaration.JsonSchema.GetRawText());
    }

    [Fact]
    public void The_attribute_becomes_the_tools_policy()
    {
        using var host = OrderHost();
        var tool = host.Tool("find_orders");
        var plain = host.Tool("add");

        Assert.Equal(
            (true, true, true, TimeSpan.FromSeconds(20), "sales"),
            (tool.Idempotent, tool.Distributed, tool.RequiresApproval, tool.Timeout, tool.Roles.Single()));
        Assert.Equal(
            (false, false, false, TimeSpan.FromSeconds(30), 0),
            (plain.Idempotent, plain.Distributed, plain.RequiresApproval, plain.Timeout, plain.Roles.Count));
    }

    [Fact]
    public async Task Exceptions_of_the_method_surface_unwrapped()
    {
        using var host = OrderHost();
        Assert.Equal("out of stock", (await Assert.ThrowsAsync<ToolException>(() => host.CallAsync("throws", "{}"))).Message);
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.CallAsync("throws_later", "{}"));
    }

    [Fact]
    public async Task A_value_that_only_the_type_refuses_is_told_to_the_model_without_type_names()
    {
        using var host = OrderHost();
        var refused = await Assert.ThrowsAsync<ToolException>(
            () => host.CallAsync("add", """{"left":10000000000,"right":1}"""));
        Assert.Equal("Argument 'left' has a value out of range or of the wrong form.", refused.Message);
    }

    [Theory]
    [InlineData(ServiceLifetime.Scoped, "0,0", 2)]
    [InlineData(ServiceLifetime.Transient, "0,0", 2)]
    [InlineData(ServiceLifetime.Singleton, "0,1", 0)]
    public async Task The_container_owns_the_instance(ServiceLifetime lifetime, string answers, int disposed)
    {
        var log = new DisposalLog();
        using var host = new ToolHost(services =>
        {
            services.AddSingleton(log);
            services.Add(new ServiceDescriptor(typeof(CountingTools), typeof(CountingTools), lifetime));
            services.AddAgentTools<CountingTools>();
        });

        var first = await host.CallAsync("count", "{}");
        var second = await host.CallAsync("count", "{}");

        Assert.Equal((answers, disposed), ($"{first},{second}", log.Count));
    }

    [Fact]
    public async Task A_class_that_was_not_registered_lives_for_one_call()
    {
        var log = new DisposalLog();
        using var host = new ToolHost(services => services.AddSingleton(log).AddAgentTools<CountingTools>());

        Assert.Equal("0", await host.CallAsync("count", "{}"));
        Assert.Equal("0", await host.CallAsync("count", "{}"));
        Assert.Equal(2, log.Count);
    }

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
        var add = typeof(ToolServiceCollectionExtensions).GetMethod(nameof(ToolServiceCollectionExtensions.AddAgentTools))!
            .MakeGenericMethod(type).CreateDelegate<Func<IServiceCollection, IServiceCollection>>();

        var failure = Assert.Throws<InvalidOperationException>(() => add(new ServiceCollection()));

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
    [InlineData(typeof(NeedsKeyed), "NeedsKeyed.Find", "'text' of type String")]
    [InlineData(typeof(NeedsCallback), "NeedsCallback.Find", "'callback' of type Action")]
    public async Task A_parameter_nobody_can_fill_fails_the_start_of_the_host(Type type, string named, string parameter)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        typeof(ToolServiceCollectionExtensions).GetMethod(nameof(ToolServiceCollectionExtensions.AddAgentTools))!
            .MakeGenericMethod(type).Invoke(null, [builder.Services]);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => host.StartAsync());

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
        Assert.Contains(parameter, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_optional_service_that_is_not_registered_is_left_at_its_default()
    {
        using var host = new ToolHost(services => services.AddAgentTools<OptionalStore>());
        Assert.Equal("none", await host.CallAsync("find", "{}"));
    }

    [Fact]
    public async Task A_keyed_service_is_injected()
    {
        using var host = new ToolHost(services => services.AddKeyedSingleton("k", "keyed").AddAgentTools<NeedsKeyed>());
        Assert.Equal("keyed", await host.CallAsync("find", "{}"));
    }

    public sealed class DisposalLog
    {
        public int Count { get; set; }
    }

    public sealed class CountingTools(DisposalLog log) : IDisposable
    {
        private int _calls;
        private bool _disposed;

        [AgentTool]
        public int Count()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _calls++;
        }

        public void Dispose()
        {
            log.Count += _disposed ? 0 : 1;
            _disposed = true;
        }
    }

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

    public sealed class NeedsKeyed
    {
        [AgentTool]
        public static string Find([FromKeyedServices("k")] string text) => text;
    }

    public sealed class NeedsCallback
    {
        [AgentTool]
        public static string Find(Action callback) => $"{callback}";
    }

    public sealed class OptionalStore
    {
        [AgentTool]
        public static string Find(IOrderStore? store = null) => store?.Name ?? "none";
    }
}
