using Yggdrasil.Security;

namespace Yggdrasil.Batches;

/// <summary>The places in which this instance of the app runs items, given out in turns by owner.</summary>
/// <remarks>
/// Stride scheduling: each place moves its owner's clock on by one over the owner's weight, and the next place goes to the waiting
/// owner whose clock is furthest behind. An owner who comes anew begins at the clock of the last one served: having been away earns
/// nothing. Within one owner it is first come, first served.
/// </remarks>
internal sealed class BatchTurns(BatchOptions options)
{
    /// <summary>
    /// Batches of one owner that hold an activity of the host at the same time; the others look in again. So one owner's many batches do
    /// not keep the host's activities from everybody else.
    /// </summary>
    private const int SlicesPerOwner = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Line> _lines = [];
    private int _free = options.Concurrency;
    private double _clock;

    /// <summary>Waits for a place.</summary>
    /// <returns>To be disposed of when the place is free again.</returns>
    public async ValueTask<IDisposable> EnterAsync(Owner owner, CancellationToken cancellationToken)
    {
        TaskCompletionSource? waiter = null;
        lock (_lock)
        {
            var line = LineOf(owner);
            if (_free > 0)
            {
                Serve(line);
            }
            else
            {
                waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                line.Waiting.AddLast(waiter);
            }
        }

        if (waiter is not null)
        {
            using var cancelled = cancellationToken.UnsafeRegister(
                static state => ((TaskCompletionSource)state!).TrySetCanceled(), waiter);
            await waiter.Task;
        }

        return new Place(this, owner.Partition);
    }

    /// <returns>To be disposed of at the end of the slice; null when the owner has as many as may be.</returns>
    public IDisposable? TryBeginSlice(Owner owner)
    {
        lock (_lock)
        {
            var line = LineOf(owner);
            if (line.Slices == SlicesPerOwner)
            {
                return null;
            }

            line.Slices++;
            return new SliceTurn(this, owner.Partition);
        }
    }

    private Line LineOf(Owner owner)
    {
        if (!_lines.TryGetValue(owner.Partition, out var line))
        {
            var weight = options.Weights.GetValueOrDefault(owner.User, 1);
            _lines[owner.Partition] = line = new Line(1.0 / weight) { Clock = _clock };
        }

        return line;
    }

    private void Serve(Line line)
    {
        _free--;
        line.Held++;
        _clock = Math.Max(_clock, line.Clock);
        line.Clock += line.Stride;
    }

    private void Leave(string partition)
    {
        lock (_lock)
        {
            _free++;
            _lines[partition].Held--;
            while (_free > 0 && Next() is { } line)
            {
                var waiter = line.Waiting.First!.Value;
                line.Waiting.RemoveFirst();
                Serve(line);
                if (!waiter.TrySetResult())
                {
                    // Cancelled meanwhile: it costs its owner nothing.
                    _free++;
                    line.Held--;
                    line.Clock -= line.Stride;
                }
            }

            Forget(partition);
        }
    }

    private Line? Next() => _lines.Values.Where(line => line.Waiting.Count > 0).MinBy(line => line.Clock);

    private void EndSlice(string partition)
    {
        lock (_lock)
        {
            _lines[partition].Slices--;
            Forget(partition);
        }
    }

    /// <summary>An owner for whom nothing goes on needs no clock.</summary>
    private void Forget(string partition)
    {
        if (_lines[partition] is { Held: 0, Slices: 0, Waiting.Count: 0 })
        {
            _lines.Remove(partition);
        }
    }

    private sealed class Line(double stride)
    {
        public double Stride { get; } = stride;

        public double Clock { get; set; }

        public int Held { get; set; }

        public int Slices { get; set; }

        public LinkedList<TaskCompletionSource> Waiting { get; } = new();
    }

    private sealed class Place(BatchTurns turns, string partition) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                turns.Leave(partition);
            }
        }
    }

    private sealed class SliceTurn(BatchTurns turns, string partition) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                turns.EndSlice(partition);
            }
        }
    }
}
