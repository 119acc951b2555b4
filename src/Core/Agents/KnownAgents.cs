using Microsoft.Extensions.Caching.Memory;
using Yggdrasil.Identity;

namespace Yggdrasil.Agents;

/// <summary>The owners' own agents that runs were started with, as this process last read them.</summary>
/// <remarks>
/// A run starts with an agent that was read up to <see cref="Lifetime"/> ago, which spares most starts a request to storage.
/// What this process writes is forgotten at once, so that whoever puts an agent and then starts a run here runs what was put.
/// Shared agents are not kept: a share that was taken back ends at once.
/// </remarks>
internal sealed class KnownAgents(TimeProvider time) : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(2);

    private const long MaxCharacters = 16 * 1024 * 1024;

    /// <summary>What an agent takes beside its instructions, in characters; a bound, not a measure.</summary>
    private const int Base = 4 * 1024;

    private readonly Lock _gate = new();
    private readonly MemoryCache _known = new(new MemoryCacheOptions { SizeLimit = MaxCharacters });
    private long _writes;

    /// <summary>Answers the known agent, or reads it. That there is none is not kept.</summary>
    public async ValueTask<Agent?> FindAsync(Owner owner, string agentId, Func<Task<Agent?>> read)
    {
        var key = (owner.Partition, agentId);
        if (_known.TryGetValue<Answer>(key, out var known) && time.GetElapsedTime(known!.AskedAt) < Lifetime)
        {
            return known.Agent;
        }

        var (askedAt, writes) = (time.GetTimestamp(), Volatile.Read(ref _writes));
        if (await read() is not { } agent)
        {
            return null;
        }

        lock (_gate)
        {
            // What was read while somebody wrote may be from before that.
            if (writes == _writes)
            {
                _known.Set(key, new Answer(askedAt, agent), new MemoryCacheEntryOptions
                {
                    Size = Base + (agent.Definition.Instructions?.Length ?? 0), AbsoluteExpirationRelativeToNow = Lifetime,
                });
            }
        }

        return agent;
    }

    /// <summary>Reads anew when a run is next started with it.</summary>
    public void Forget(Owner owner, string agentId)
    {
        lock (_gate)
        {
            _writes++;
            _known.Remove((owner.Partition, agentId));
        }
    }

    public void Dispose() => _known.Dispose();

    private sealed record Answer(long AskedAt, Agent Agent);
}
