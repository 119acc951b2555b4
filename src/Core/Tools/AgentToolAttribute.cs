namespace Yggdrasil.Tools;

/// <summary>
/// Offers a method as a tool. Its name (snake case of the method's name unless <see cref="Name"/> is set), description
/// and JSON schema come from the method, its <c>[Description]</c>s and its parameter types; registered services, a
/// <see cref="ToolContext"/> and a <see cref="CancellationToken"/> are injected and never shown to the model.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AgentToolAttribute : Attribute
{
    /// <summary>The name the model sees: <c>[a-z0-9_]{1,64}</c>.</summary>
    public string? Name { get; set; }

    /// <summary>
    /// A repeat with the same arguments has no further effect. A tool that is not idempotent (the default) is never
    /// called again when the outcome of a first attempt is unknown.
    /// </summary>
    public bool Idempotent { get; set; }

    /// <summary>
    /// The result follows from the arguments alone, whoever calls and whenever, and a call changes nothing; so it is idempotent too.
    /// Answers of a model that call pure tools only may be kept in the response cache of an agent that has one.
    /// </summary>
    public bool Pure { get; set; }

    /// <summary>Each call runs as a durable activity of its own, on any instance, instead of within the run's slice.</summary>
    public bool Distributed { get; set; }

    /// <summary>Every call waits for a human decision, whatever the agent says.</summary>
    public bool RequiresApproval { get; set; }

    /// <summary>Seconds a call may take; 1 to 600.</summary>
    public int TimeoutSeconds { get; set; } = 30;

    /// <summary>Roles of which the caller needs one; empty means everybody.</summary>
    public string[] Roles { get; set; } = [];
}
