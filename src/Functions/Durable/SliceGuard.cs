using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation;

namespace Yggdrasil.Functions.Durable;

/// <summary>What leaves an activity that did not succeed.</summary>
/// <remarks>
/// <para>Of a failure an id: messages and stacks may hold content, and would fill durable history.</para>
/// <para>A step that a stopping host cuts off ends cancelled: the extension puts its message back then, and another host takes it
/// within seconds. What it answered instead would wait for as long as the stopping host keeps the orchestration's queue.</para>
/// </remarks>
internal static class SliceGuard
{
    /// <param name="failed">Logs the failure under the id given.</param>
    /// <param name="givenBack">Logs that another host goes on.</param>
    /// <exception cref="SliceFailedException">The step failed.</exception>
    /// <exception cref="OperationCanceledException">The host stops.</exception>
    public static async Task<T> RunAsync<T>(FunctionContext context, Func<Task<T>> step, Action<string, Exception> failed, Action givenBack)
    {
        try
        {
            return await step();
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            givenBack();
            throw;
        }
        catch (Exception failure)
        {
            var errorId = Ids.NewError();
            failed(errorId, failure);
            throw new SliceFailedException(errorId);
        }
    }
}
