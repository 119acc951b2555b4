using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Yggdrasil.Tools;

/// <summary>Makes an <see cref="AgentTool"/> of a registered method.</summary>
internal sealed class ToolMethod
{
    private static readonly AIJsonSchemaCreateOptions StrictSchema = new()
    {
        TransformOptions = new AIJsonSchemaTransformOptions { DisallowAdditionalProperties = true },
    };

    private readonly ToolRegistration _registration;
    private readonly AIFunctionFactoryOptions _options;

    private ToolMethod(ToolRegistration registration, IServiceProviderIsService services)
    {
        _registration = registration;
        _options = new AIFunctionFactoryOptions
        {
            Name = registration.Name,
            SerializerOptions = ToolJson.Options,
            ExcludeResultSchema = true,
            JsonSchemaCreateOptions = StrictSchema,
            ConfigureParameterBinding = new ToolParameters(registration, services).Bind,
            MarshalResult = (result, type, _) => new ValueTask<object?>(Tell(result, type)),
        };
    }

    /// <exception cref="InvalidOperationException">A parameter is neither a service nor readable from JSON.</exception>
    public static AgentTool ToAgentTool(ToolRegistration registration, IServiceProvider services)
    {
        var method = new ToolMethod(registration, services.GetRequiredService<IServiceProviderIsService>());
        var attribute = registration.Attribute;
        return new AgentTool
        {
            Declaration = method.Declare(),
            InvokeAsync = method.InvokeAsync,
            Idempotent = attribute.Idempotent || attribute.Pure,
            Pure = attribute.Pure,
            Distributed = attribute.Distributed,
            RequiresApproval = attribute.RequiresApproval,
            Timeout = TimeSpan.FromSeconds(attribute.TimeoutSeconds),
            Roles = [.. attribute.Roles],
        };
    }

    private AIFunctionDeclaration Declare()
    {
        try
        {
            var (type, method) = (_registration.Type, _registration.Method);
            var function = method.IsStatic
                ? AIFunctionFactory.Create(method, target: null, _options)
                : AIFunctionFactory.Create(
                    method, arguments => arguments.Services!.GetRequiredService(type), _options);
            return function.AsDeclarationOnly();
        }
        catch (Exception exception) when (exception is NotSupportedException or ArgumentException or JsonException)
        {
            throw _registration.Misdeclared(
                $"no JSON schema can be made of its parameters. {exception.Message}", exception);
        }
    }

    private async Task<string> InvokeAsync(
        IReadOnlyDictionary<string, JsonElement> arguments,
        ToolContext context,
        IServiceProvider services,
        CancellationToken cancellationToken)
    {
        // The instance is bound here and not by the factory's createInstanceFunc, because that disposes what it was
        // given: a class that the application registered as a singleton would be dead after its first call. The
        // factory keeps what it derived from the method and the options, so this costs one small object.
        var (type, method) = (_registration.Type, _registration.Method);
        var target = method.IsStatic ? null : services.GetRequiredService(type);
        var function = AIFunctionFactory.Create(method, target, _options);
        var call = new AIFunctionArguments(arguments.ToDictionary(pair => pair.Key, pair => (object?)pair.Value))
        {
            Services = services,
            Context = new Dictionary<object, object?> { [typeof(ToolContext)] = context },
        };
        return (string)(await function.InvokeAsync(call, cancellationToken))!;
    }

    /// <summary>Words for the model: a string as it is, nothing as "ok", anything else as JSON.</summary>
    private static string Tell(object? result, Type? declaredType) => (result, declaredType) switch
    {
        (_, null) => "ok",
        (string text, _) => text,
        (null, _) => "null",
        _ => JsonSerializer.Serialize(result, ToolJson.Options),
    };
}
