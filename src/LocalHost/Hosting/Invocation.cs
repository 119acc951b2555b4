using System.Runtime.CompilerServices;
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
    private readonly InvocationFeatures _features = new();
    private object?[]? _arguments;

    public override string InvocationId { get; } = Guid.NewGuid().ToString();

    public override string FunctionId => function.Id;

    public override FunctionDefinition FunctionDefinition => function;

    public override IServiceProvider InstanceServices { get; set; } = services;

    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();

    public override IInvocationFeatures Features => _features;

    /// <exception cref="NotSupportedException">Always: nothing outside this process starts a trace here.</exception>
    public override TraceContext TraceContext => throw Unsupported();

    /// <exception cref="NotSupportedException">Always: bindings give typed values here.</exception>
    public override BindingContext BindingContext => throw Unsupported();

    /// <exception cref="NotSupportedException">Always: functions are not retried by the host here.</exception>
    public override RetryContext RetryContext => throw Unsupported();

    public override CancellationToken CancellationToken => cancellationToken;

    public Function Function => function;

    public object? TriggerValue => triggerValue;

    /// <summary>What the function is called with: bound once, by whoever asks first.</summary>
    public object?[] Arguments => _arguments ??= function.Method.Bind(this);

    /// <summary>What the function returned, or middleware put in its place.</summary>
    public object? Result
    {
        get => this.GetInvocationResult().Value;
        set => this.GetInvocationResult().Value = value;
    }

    private static NotSupportedException Unsupported([CallerMemberName] string member = "") =>
        new($"FunctionContext.{member} is not supported by LocalHost.");
}
