using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Mvc;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public interface IOrderStore
{
    string Name { get; }
}

public sealed class OrderStore : IOrderStore
{
    public string Name => "store";
}

public enum OrderState
{
    Open,
    Shipped,
}

public sealed record OrderFilter
{
    [Description("City of the addressee")]
    public required string City { get; init; }

    public OrderState? State { get; init; }

    public OrderFilter? Or { get; init; }
}

/// <summary>One tool of each shape that a method can have.</summary>
public sealed class OrderTools(IOrderStore store)
{
    [AgentTool(Idempotent = true, Distributed = true, TimeoutSeconds = 20, RequiresApproval = true, Roles = ["sales"])]
    [Description("Finds orders.")]
    public Task<string> FindOrdersAsync(
        [Description("Which orders")] OrderFilter filter,
        ToolContext context,
        IOrderStore injected,
        IServiceProvider services,
        [FromServices] TimeProvider time,
        [Range(1, 100)] int limit = 10,
        OrderState? state = OrderState.Shipped,
        string[]? tags = null,
        CancellationToken cancellationToken = default)
    {
        var found = string.Join(
            '|', filter.City, context.IdempotencyKey, injected.Name, services is not null, time is not null, limit, state,
            tags?.Length, cancellationToken.CanBeCanceled, store.Name);
        return Task.FromResult(found);
    }

    [AgentTool(Pure = true)]
    public static int Negate(int number) => -number;

    [AgentTool]
    public static int Add(int left, int right) => left + right;

    [AgentTool(Name = "nothing")]
    public void DoNothing() => _ = store.Name;

    [AgentTool]
    public Task TaskOnly() => Task.FromResult(store.Name);

    [AgentTool]
    public ValueTask ValueTaskOnly() => new(Task.FromResult(store.Name));

    [AgentTool]
    public static ValueTask<OrderFilter> ValueTaskOfRecord() =>
        new(new OrderFilter { City = "Tromsø", State = OrderState.Shipped });

    [AgentTool]
    public static OrderFilter? Null() => null;

    [AgentTool]
    public static IEnumerable<int> Doubled(IEnumerable<int> numbers) => numbers.Select(number => number * 2);

    [AgentTool]
    public static string Throws() => throw new ToolException("out of stock");

    [AgentTool]
    public static async Task<string> ThrowsLater()
    {
        await Task.Yield();
        throw new InvalidOperationException("broken");
    }
}
