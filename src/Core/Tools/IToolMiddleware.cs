namespace Yggdrasil.Tools;

/// <summary>Something that an application does around every tool call that the server makes, such as an audit record.</summary>
/// <remarks>
/// <para>It runs once the call has passed all gates and its intent is recorded: in the call's scope, within its timeout, on its thread. A
/// repeated attempt at an idempotent call passes it again, with the same <see cref="ToolContext.IdempotencyKey"/>.</para>
/// <para>The arguments are those that were validated, approved and recorded, and cannot be changed. The text that it returns is what is
/// recorded and shown to the model. A <see cref="ToolException"/> fails the call with a message for the model; any other exception fails it
/// with an error id. Agents as tools and the calls of client tools do not pass it: the server runs no tool for them.</para>
/// </remarks>
public interface IToolMiddleware
{
    /// <summary>Makes the call by <paramref name="proceed"/>, or answers for it.</summary>
    /// <param name="toolCall">The call.</param>
    /// <param name="proceed">The next middleware, or the tool. Call it at most once.</param>
    /// <param name="cancellationToken">Cancelled by the call's timeout, and by a cancel of its run.</param>
    /// <returns>What the model is told.</returns>
    Task<string> InvokeAsync(ToolCall toolCall, ToolCallHandler proceed, CancellationToken cancellationToken);
}
