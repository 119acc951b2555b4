using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using static Microsoft.Extensions.AI.AIFunctionFactoryOptions;

namespace Yggdrasil.Tools;

/// <summary>
/// Decides where each parameter of a tool method comes from: the model, the container, or the call itself.
/// </summary>
internal sealed class ToolParameters(ToolRegistration registration, IServiceProviderIsService services)
{
    public ParameterBindingOptions Bind(ParameterInfo parameter)
    {
        if (parameter.ParameterType == typeof(ToolContext))
        {
            return Injected((_, arguments) => arguments.Context![typeof(ToolContext)]);
        }

        if (parameter.ParameterType == typeof(IServiceProvider)
            || parameter.ParameterType == typeof(AIFunctionArguments))
        {
            return default;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
        {
            return Keyed(parameter, keyed);
        }

        if (IsService(parameter.ParameterType))
        {
            return Injected((target, arguments) => arguments.Services!.GetRequiredService(target.ParameterType));
        }

        if (parameter.GetCustomAttributes().Any(attribute => attribute is IFromServiceMetadata)
            || !CanBeReadFromJson(parameter.ParameterType))
        {
            return Missing(parameter);
        }

        return new ParameterBindingOptions { BindParameter = ReadFromModel };
    }

    private static ParameterBindingOptions Injected(Func<ParameterInfo, AIFunctionArguments, object?> bind) =>
        new() { BindParameter = bind, ExcludeFromSchema = true };

    private ParameterBindingOptions Keyed(ParameterInfo parameter, FromKeyedServicesAttribute keyed)
    {
        var known = services is IServiceProviderIsKeyedService keyedServices
            && keyedServices.IsKeyedService(parameter.ParameterType, keyed.Key);
        return known
            ? Injected((target, arguments) =>
                arguments.Services!.GetRequiredKeyedService(target.ParameterType, keyed.Key))
            : Missing(parameter);
    }

    private ParameterBindingOptions Missing(ParameterInfo parameter) => parameter.HasDefaultValue
        ? Injected((target, _) => Default(target))
        : throw registration.Misdeclared(
            $"parameter '{parameter.Name}' of type {parameter.ParameterType.Name} is not a registered service, "
            + "and a model cannot write one.");

    private static object? Default(ParameterInfo parameter)
    {
        // Reflection gives the default of a nullable enum as its underlying integer, and does not take it back as one.
        var type = Nullable.GetUnderlyingType(parameter.ParameterType);
        return type is { IsEnum: true } && parameter.DefaultValue is { } value
            ? Enum.ToObject(type, value)
            : parameter.DefaultValue;
    }

    private bool IsService(Type type)
    {
        // The container answers "yes" for a sequence of anything, since it can always give an empty one. A sequence is
        // a service only when its elements are; otherwise IEnumerable<string> could never come from the model.
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IEnumerable<>))
        {
            return IsService(type.GetGenericArguments()[0]);
        }

        return services.IsService(type);
    }

    private static bool CanBeReadFromJson(Type type)
    {
        if (!type.IsInterface && !type.IsAbstract)
        {
            return !typeof(Delegate).IsAssignableFrom(type);
        }

        // Collections have a reader of their own, and polymorphic types say which concrete types stand for them.
        var info = ToolJson.Options.GetTypeInfo(type);
        return info.Kind is not JsonTypeInfoKind.Object || info.PolymorphismOptions is not null;
    }

    /// <exception cref="ToolException">
    /// The value does not fit the parameter's type, in a way the schema cannot express.
    /// </exception>
    private static object? ReadFromModel(ParameterInfo parameter, AIFunctionArguments arguments)
    {
        if (!arguments.TryGetValue(parameter.Name!, out var value))
        {
            return parameter.HasDefaultValue
                ? Default(parameter)
                : throw new ToolException($"Argument '{parameter.Name}' is missing.");
        }

        try
        {
            return ((JsonElement)value!).Deserialize(ToolJson.Options.GetTypeInfo(parameter.ParameterType));
        }
        catch (JsonException exception)
        {
            // For example 10000000000 for an int: an integer to the schema, out of range for the type. The serializer's
            // own message names .NET types, which mean nothing to a model.
            var path = exception.Path is { Length: > 1 and < 100 } inner ? $" (at {inner})" : string.Empty;
            throw new ToolException(
                $"Argument '{parameter.Name}'{path} has a value out of range or of the wrong form.", exception);
        }
    }
}
