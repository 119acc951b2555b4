namespace Yggdrasil.LocalHost.Hosting;

/// <summary>A parameter of a function and where its value comes from.</summary>
/// <param name="Name">As declared.</param>
/// <param name="BindingType">The binding that host metadata lists for it, or null where it is not a binding.</param>
/// <param name="Bind">
/// Gives the value for one invocation. Never waits: an orchestrator must reach its first activity on the thread that
/// called it.
/// </param>
internal sealed record FunctionParameter(string Name, string? BindingType, Func<Invocation, object?> Bind);
