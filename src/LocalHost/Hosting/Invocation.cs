using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>One call of a function, as middleware and the function itself see it.</summary>
/// <param name="function">The function called.</param>
/// <param name="triggerValue">What triggered it: the HTTP context, the message, the timer's info, the input.</param>
/// <param name="services">The services of this invocation's scope.</param>
/// <param name="cancellationToken">Signalled at shutdown, and where a caller waits, when the caller has gone.</param>
internal sealed class Invocation(
    Function function, object? triggerValue, IServiceProvider services, CancellationToken cancellationToken)
    : FunctionContext
{
    private readonly InvocationValue _result = new();

    public override string InvocationId { get; } = Guid.NewGuid().ToString();

    public override string FunctionId => function.Id;

    public override FunctionDefinition FunctionDefinition => function;

    public override IServiceProvider InstanceServices { get; set; } = services;

    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();

    public override CancellationToken CancellationToken => cancellationToken;

    public Function Function => function;

    public object? TriggerValue => triggerValue;

    public InvocationResult Result => _result;

    private sealed class InvocationValue : InvocationResult
    {
        public override object? Value { get; set; }
    }
}
