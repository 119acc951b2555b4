using System.Globalization;
using System.Reflection;

namespace Yggdrasil.LocalHost.Tests.Declarations;

/// <summary>
/// Writes what callers can see of a type as lines, each of which says one thing and stands for itself: so that a type
/// with fewer members than another is a subset of its lines. Also compiled into the tests of the genuine app.
/// </summary>
internal static class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static |
        BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>The lines of all <paramref name="types"/>, sorted.</summary>
    public static IReadOnlyList<string> Describe(IEnumerable<Type> types) =>
        [.. types.SelectMany(Describe).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The full name that a line starts with.</summary>
    public static string TypeOf(string line) => line[..line.IndexOf(": ", StringComparison.Ordinal)];

    private static IEnumerable<string> Describe(Type type)
    {
        var facts = Facts(type);
        if (type.IsEnum)
        {
            facts = facts.Concat(Enum.GetNames(type).Select(name =>
                $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}"));
        }
        else if (IsDelegate(type))
        {
            facts = facts.Append(Method(type.GetMethod("Invoke")!));
        }
        else
        {
            facts = facts
                .Concat(type.GetConstructors(Declared).Where(IsVisible).Select(member => $"{Access(member)}new({Parameters(member)})"))
                .Concat(type.GetProperties(Declared).Where(IsVisible).Select(Property))
                .Concat(type.GetMethods(Declared).Where(IsMember).Select(Method))
                .Concat(type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily).Select(Field));
        }

        return facts.Select(fact => $"{type.FullName}: {fact}");
    }

    private static IEnumerable<string> Facts(Type type)
    {
        yield return $"is {Kind(type)}";
        if (type is { IsClass: true, BaseType: { } baseType } && baseType != typeof(object) && !IsDelegate(type))
        {
            yield return $"base {Name(baseType)}";
        }

        foreach (var implemented in type.GetInterfaces().Where(_ => type is { IsEnum: false } && !IsDelegate(type)))
        {
            yield return $"implements {Name(implemented)}";
        }

        if (type.GetCustomAttribute<AttributeUsageAttribute>(inherit: false) is { } usage)
        {
            yield return $"usage {usage.ValidOn}, multiple {usage.AllowMultiple}, inherited {usage.Inherited}";
        }
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => $"enum of {Name(Enum.GetUnderlyingType(type))}",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        _ when IsDelegate(type) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static bool IsDelegate(Type type) => type.IsSubclassOf(typeof(Delegate));

    private static string Property(PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(IsVisible).ToList();
        var get = property.GetMethod is { } getter && IsVisible(getter) ? $"{Narrower(getter)}get; " : "";
        var set = property.SetMethod is { } setter && IsVisible(setter)
            ? $"{Narrower(setter)}{(IsInit(setter) ? "init" : "set")}; "
            : "";
        var required = property.CustomAttributes.Any(data =>
            data.AttributeType.Name == "RequiredMemberAttribute") ? "required " : "";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"[{string.Join(", ", parameters.Select(Parameter))}]"
            : "";
        var nullability = Nullability.Create(property);
        var type = Name(property.PropertyType, property.GetMethod is null ? WriteOnly(nullability) : nullability);
        return $"{Modifiers(accessors[0])}{required}{type} {property.Name}{index} {{ {get}{set}}}";

        string Narrower(MethodInfo accessor) =>
            accessor.IsFamily && accessors.Any(other => other.IsPublic) ? "protected " : "";
    }

    private static NullabilityInfo? WriteOnly(NullabilityInfo nullability) =>
        nullability.ReadState == NullabilityState.Unknown ? null : nullability;

    private static bool IsInit(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit");

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition
            ? $"<{string.Join(", ", method.GetGenericArguments().Select(Constrained))}>"
            : "";
        var extension = method.CustomAttributes.Any(data => data.AttributeType.Name == "ExtensionAttribute") ? "this " : "";
        return $"{Modifiers(method)}{Name(method.ReturnType, Nullability.Create(method.ReturnParameter))} " +
            $"{method.Name}{generic}({extension}{Parameters(method)})";
    }

    private static string Field(FieldInfo field) =>
        $"{(field.IsFamily ? "protected " : "")}{(field.IsStatic ? "static " : "")}" +
        $"{(field.IsInitOnly ? "readonly " : "")}{(field.IsLiteral ? "const " : "")}" +
        $"{Name(field.FieldType, Nullability.Create(field))} {field.Name}" +
        (field.IsLiteral ? $" = {Literal(field.GetRawConstantValue())}" : "");

    private static string Constrained(Type parameter)
    {
        var constraints = parameter.GetGenericParameterConstraints().Select(type => Name(type)).ToList();
        if (parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            constraints.Insert(0, "class");
        }

        return constraints.Count == 0 ? parameter.Name : $"{parameter.Name} : {string.Join(", ", constraints)}";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var modifiers = parameter switch
        {
            { IsOut: true } => "out ",
            { ParameterType.IsByRef: true, IsIn: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.CustomAttributes.Any(data => data.AttributeType.Name == "ParamArrayAttribute") => "params ",
            _ => "",
        };
        var type = Name(parameter.ParameterType, Nullability.Create(parameter));
        var defaultValue = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue)}" : "";
        return $"{modifiers}{type} {parameter.Name}{defaultValue}";
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Modifiers(MethodBase method)
    {
        var inherited = method is MethodInfo info && info.GetBaseDefinition() != info;
        var kind = method switch
        {
            { DeclaringType.IsInterface: true, IsAbstract: true } => "",
            { IsStatic: true } => "static ",
            { IsAbstract: true } => inherited ? "abstract override " : "abstract ",
            { IsFinal: true } => inherited ? "sealed override " : "",
            { IsVirtual: true } => inherited ? "override " : "virtual ",
            _ => "",
        };
        return Access(method) + kind;
    }

    private static string Access(MethodBase method) => method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "";

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsMember(MethodInfo method) =>
        IsVisible(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static bool IsVisible(PropertyInfo property) => property.GetAccessors(nonPublic: true).Any(IsVisible);

    private static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return $"{Name(underlying)}?";
        }

        var mark = !type.IsValueType && !type.IsGenericParameter && nullability?.ReadState == NullabilityState.Nullable
            ? "?"
            : "";
        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!, nullability?.ElementType)}[]{mark}";
        }

        if (!type.IsGenericType)
        {
            return (type.IsGenericParameter ? type.Name : type.FullName) + mark;
        }

        var definition = type.GetGenericTypeDefinition().FullName!;
        var arguments = type.GetGenericArguments().Select((argument, index) =>
            Name(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(index)));
        return $"{definition[..definition.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>{mark}";
    }
}
