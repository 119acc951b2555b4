using Yggdrasil.LocalHost.Hosting;

namespace Microsoft.Azure.Functions.Worker;

public static class FunctionContextBindingFeatureExtensions
{
    /// <summary>What the function returned so far; null until it has run.</summary>
    public static InvocationResult GetInvocationResult(this FunctionContext context) =>
        context is Invocation invocation
            ? invocation.Result
            : throw new InvalidOperationException($"{context.GetType()} is not an invocation of this host.");
}
