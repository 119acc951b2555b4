using System.Collections;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>What the worker's extension methods look up in an invocation: its result, what middleware sets, and its arguments.</summary>
internal sealed class InvocationFeatures : IInvocationFeatures
{
    private const string BindingsFeature = "Microsoft.Azure.Functions.Worker.Context.Features.IFunctionBindingsFeature";

    private readonly Dictionary<Type, object> _features = new() { [typeof(IFunctionInputBindingFeature)] = new Arguments() };

    public T? Get<T>()
    {
        if (_features.TryGetValue(typeof(T), out var feature))
        {
            return (T)feature;
        }

        if (typeof(T).FullName != BindingsFeature)
        {
            return default;
        }

        var bindings = DispatchProxy.Create<T, ResultOnly>();
        _features[typeof(T)] = bindings!;
        return bindings;
    }

    public void Set<T>(T instance) => _features[typeof(T)] = instance!;

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => _features.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gives middleware the values with which the function is called.</summary>
    private sealed class Arguments : IFunctionInputBindingFeature
    {
        public ValueTask<FunctionInputBindingResult> BindFunctionInputAsync(FunctionContext context) =>
            new(new FunctionInputBindingResult(((Invocation)context).Arguments));
    }

    /// <summary>
    /// The worker keeps an invocation's result in an interface that it does not publish. A proxy implements the one member of
    /// it that GetInvocationResult uses.
    /// </summary>
    internal class ResultOnly : DispatchProxy
    {
        private object? _result;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            "get_InvocationResult" => _result,
            "set_InvocationResult" => _result = args![0],
            var other => throw new NotSupportedException($"{other} of an invocation's bindings is not supported by LocalHost."),
        };
    }
}
