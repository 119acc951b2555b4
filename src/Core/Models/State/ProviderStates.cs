using System.Collections.Concurrent;
using System.Threading.Channels;
using Yggdrasil.Foundation;

namespace Yggdrasil.Models.State;

/// <summary>
/// The state of each provider as this instance knows it, its own transitions and those of others; and what is still to be
/// told to the others.
/// </summary>
/// <remarks>
/// Noting a transition never waits: calls do it. Of several transitions of one provider only the last is told, so what
/// waits is bounded by the number of providers.
/// </remarks>
internal sealed class ProviderStates
{
    private readonly ConcurrentDictionary<string, ProviderState> _known = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, ProviderState> _untold = new(StringComparer.OrdinalIgnoreCase);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>This process among those that share a storage account.</summary>
    public string Instance { get; } = Ids.NewUnique();

    /// <summary>Every provider whose breaker ever left its closed state, as far as is known here; the others are closed.</summary>
    public IReadOnlyCollection<ProviderState> Known => [.. _known.Values];

    /// <summary>Readable while there is something untold.</summary>
    public ChannelReader<bool> Signal => _signal.Reader;

    public ProviderState? Find(string provider) => _known.GetValueOrDefault(provider);

    /// <summary>Notes a transition of this instance's own, for the others to be told.</summary>
    public void Note(string provider, BreakerState breaker, DateTimeOffset since, DateTimeOffset until, string reason)
    {
        var state = new ProviderState(provider, breaker, since, until, Instance, reason);
        _known[provider] = _untold[provider] = state;
        _signal.Writer.TryWrite(true);
    }

    /// <summary>Notes what another instance has told.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Learn(ProviderState state)
    {
        // What this instance has not told yet is younger than anything in the table.
        if (state.By == Instance || _untold.ContainsKey(state.Provider) || Find(state.Provider) == state)
        {
            return false;
        }

        _known[state.Provider] = state;
        return true;
    }

    /// <summary>Takes out what is to be told.</summary>
    public IReadOnlyList<ProviderState> TakeUntold()
    {
        List<ProviderState> taken = [];
        foreach (var provider in _untold.Keys)
        {
            if (_untold.TryRemove(provider, out var state))
            {
                taken.Add(state);
            }
        }

        return taken;
    }

    /// <summary>Puts back what could not be told, unless there is something newer by now.</summary>
    public void PutBack(ProviderState state) => _untold.TryAdd(state.Provider, state);
}
