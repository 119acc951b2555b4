using System.Collections.Immutable;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>A discovered function: its trigger and how to call it.</summary>
internal sealed class Function(string name, Trigger trigger, FunctionMethod method) : FunctionDefinition
{
    public override string Name => name;

    /// <summary>The name: unique here, and stable from one start to the next.</summary>
    public override string Id => name;

    public override string PathToAssembly => method.Method.Module.Assembly.Location;

    public override string EntryPoint => $"{method.Method.DeclaringType}.{method.Method.Name}";

    public override IImmutableDictionary<string, BindingMetadata> InputBindings { get; } =
        method.Parameters
            .Where(parameter => parameter.BindingType is not null)
            .ToImmutableDictionary(
                parameter => parameter.Name,
                BindingMetadata (parameter) => new InputBinding(parameter.Name, parameter.BindingType!));

    public override IImmutableDictionary<string, BindingMetadata> OutputBindings => ImmutableDictionary<string, BindingMetadata>.Empty;

    public override ImmutableArray<Microsoft.Azure.Functions.Worker.FunctionParameter> Parameters { get; } =
    [
        .. method.Method.GetParameters()
            .Select(parameter => new Microsoft.Azure.Functions.Worker.FunctionParameter(parameter.Name!, parameter.ParameterType)),
    ];

    public Trigger Trigger => trigger;

    public FunctionMethod Method => method;

    private sealed class InputBinding(string name, string type) : BindingMetadata
    {
        public override string Name => name;

        public override string Type => type;

        public override BindingDirection Direction => BindingDirection.In;
    }
}
