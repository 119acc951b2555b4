using System.Reflection;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Creates the function's class for an invocation, binds its parameters, calls it and unwraps what it returns.</summary>
internal sealed class FunctionMethod
{
    private static readonly MethodInfo UnwrapMethod =
        typeof(FunctionMethod).GetMethod(nameof(Unwrap), BindingFlags.NonPublic | BindingFlags.Static)!;

    private readonly MethodInvoker _invoker;
    private readonly ObjectFactory? _createInstance;
    private readonly Func<Task, Task<object?>>? _unwrap;

    public FunctionMethod(MethodInfo method, IReadOnlyList<FunctionParameter> parameters)
    {
        Method = method;
        Parameters = parameters;
        _invoker = MethodInvoker.Create(method);
        _createInstance = method.IsStatic ? null : ActivatorUtilities.CreateFactory(method.DeclaringType!, []);
        if (method.ReturnType is { IsGenericType: true } task && task.GetGenericTypeDefinition() == typeof(Task<>))
        {
            _unwrap = UnwrapMethod.MakeGenericMethod(task.GetGenericArguments()).CreateDelegate<Func<Task, Task<object?>>>();
        }
    }

    public MethodInfo Method { get; }

    public IReadOnlyList<FunctionParameter> Parameters { get; }

    /// <summary>The values of all parameters for one invocation.</summary>
    public object?[] Bind(Invocation invocation) => [.. Parameters.Select(parameter => parameter.Bind(invocation))];

    public async Task<object?> InvokeAsync(Invocation invocation)
    {
        var arguments = invocation.Arguments;
        var instance = _createInstance?.Invoke(invocation.InstanceServices, null);
        var returned = _invoker.Invoke(instance, arguments.AsSpan());
        if (returned is not Task task)
        {
            return returned;
        }

        if (_unwrap is not null)
        {
            return await _unwrap(task);
        }

        await task;
        return null;
    }

    private static async Task<object?> Unwrap<T>(Task task) => await (Task<T>)task;
}
