using System.Reflection;
using System.Runtime.CompilerServices;

namespace Yggdrasil.Tools;

/// <summary>A method that was registered as a tool, with its declaration already checked.</summary>
internal sealed record ToolRegistration
{
    private const BindingFlags AnyMethod = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.FlattenHierarchy;

    private ToolRegistration(Type type, MethodInfo method, AgentToolAttribute attribute)
    {
        (Type, Method, Attribute) = (type, method, attribute);
        Name = attribute.Name ?? ToolName.From(method);
    }

    /// <summary>The registered class; <see cref="Method"/> may be declared by a class it derives from.</summary>
    public Type Type { get; }

    public MethodInfo Method { get; }

    public AgentToolAttribute Attribute { get; }

    public string Name { get; }

    /// <summary>How messages name the method: <c>OrderTools.FindOrder</c>.</summary>
    public string Source => $"{Type.Name}.{Method.Name}";

    /// <summary>All tools of a class.</summary>
    /// <exception cref="InvalidOperationException">
    /// There are none, or one is misdeclared; the message names it.
    /// </exception>
    public static IReadOnlyList<ToolRegistration> Of(Type type)
    {
        var registrations = new List<ToolRegistration>();
        foreach (var method in type.GetMethods(AnyMethod))
        {
            if (method.GetCustomAttribute<AgentToolAttribute>() is { } attribute)
            {
                var registration = new ToolRegistration(type, method, attribute);
                registration.Check();
                registrations.Add(registration);
            }
        }

        return registrations.Count > 0
            ? registrations
            : throw new InvalidOperationException($"{type.Name} has no method marked [AgentTool].");
    }

    /// <exception cref="InvalidOperationException">Always; the message names the class and the method.</exception>
    public InvalidOperationException Misdeclared(string reason, Exception? innerException = null) =>
        new($"The tool {Source} is misdeclared: {reason}", innerException);

    private void Check()
    {
        if (!ToolName.IsValid(Name))
        {
            throw Misdeclared($"'{Name}' is not a tool name; {ToolName.Rule}.");
        }

        if (Attribute.TimeoutSeconds is < 1 or > 600)
        {
            throw Misdeclared($"TimeoutSeconds is {Attribute.TimeoutSeconds}; it is 1 to 600.");
        }

        // A role nobody can have would refuse everybody; a null array would read as "everybody may".
        if (Attribute.Roles is null || Attribute.Roles.Any(string.IsNullOrWhiteSpace))
        {
            throw Misdeclared("Roles holds an empty role.");
        }

        // Left out silently, such a method would be a tool that its author believes to exist.
        if (!Method.IsPublic)
        {
            throw Misdeclared("the method is not public.");
        }

        if (Method.ContainsGenericParameters)
        {
            throw Misdeclared("a generic method has no schema.");
        }

        if (Method.GetParameters().FirstOrDefault(parameter => parameter.ParameterType.IsByRef) is { } byRef)
        {
            throw Misdeclared($"parameter '{byRef.Name}' is passed by reference.");
        }

        CheckReturnType();
    }

    private void CheckReturnType()
    {
        if (Method.ReturnType == typeof(void) && Method.IsDefined(typeof(AsyncStateMachineAttribute)))
        {
            throw Misdeclared("an async method returns Task or ValueTask; with void nobody learns that it failed.");
        }

        if (Method.ReturnType is { IsGenericType: true } returned
            && returned.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))
        {
            throw Misdeclared("an IAsyncEnumerable cannot be answered to a model; return a list.");
        }
    }
}
