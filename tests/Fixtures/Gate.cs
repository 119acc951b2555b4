namespace Yggdrasil.Fixtures;

/// <summary>Holds whoever comes to it until it is opened; tells when somebody has come.</summary>
public sealed class Gate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first visitor waits here.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Completes when the first visitor has gone away, let through or not.</summary>
    public Task Left => _left.Task;

    public void Open() => _opened.TrySetResult();

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        _reached.TrySetResult();
        try
        {
            await _opened.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _left.TrySetResult();
        }
    }
}
