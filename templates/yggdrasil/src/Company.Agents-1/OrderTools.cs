using System.ComponentModel;
using Yggdrasil.Tools;

namespace Company.Agents_1;

public sealed record Order(string Number, string Status);

public sealed class OrderTools
{
    [AgentTool(Idempotent = true, TimeoutSeconds = 20)]
    [Description("Finds an order by its number.")]
    public Task<Order> FindOrder([Description("For example A-1042.")] string number, CancellationToken cancellationToken) =>
        Task.FromResult(new Order(number, "shipped"));
}
