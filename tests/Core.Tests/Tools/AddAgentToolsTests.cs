using Microsoft.Extensions.DependencyInjection;
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
        Assert.Equal((false, false), (tool.Pure, plain.Pure));
        Assert.Equal((true, true), (host.Tool("negate").Pure, host.Tool("negate").Idempotent));
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

    public sealed class NeedsKeyed
    {
        [AgentTool]
        public static string Find([FromKeyedServices("k")] string text) => text;
    }

    public sealed class OptionalStore
    {
        [AgentTool]
        public static string Find(IOrderStore? store = null) => store?.Name ?? "none";
    }
}
