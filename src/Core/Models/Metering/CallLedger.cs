using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Metering;

/// <summary>What one call of the loop has sent to providers, attempt by attempt: retries, fallbacks and broken streams included.</summary>
/// <remarks>
/// It belongs to a flow of execution, so that whatever asks a model beneath the loop finds it: the client of a model notes each
/// attempt and what came of it, the HTTP client whether the request got through.
/// </remarks>
internal sealed class CallLedger
{
    /// <summary>A chain of models is no longer, unless their streams break again and again.</summary>
    private const int MostFailures = 20;

    private static readonly AsyncLocal<CallLedger?> Flow = new();

    private readonly Lock _gate = new();
    private readonly List<SentCall> _calls = [];
    private readonly List<ModelFailure> _failures = [];

    /// <summary>The ledger of the call that the present flow of execution makes; null where nobody counts.</summary>
    public static CallLedger? Current => Flow.Value;

    /// <summary>Whether anything was sent that has to be paid.</summary>
    public bool HasSent => Sent.Count > 0;

    /// <summary>The attempts that have to be paid, in order.</summary>
    public IReadOnlyList<SentCall> Sent
    {
        get
        {
            lock (_gate)
            {
                return _calls.FindAll(call => call.IsSent);
            }
        }
    }

    /// <summary>The models that gave no answer, in the order they were asked.</summary>
    public IReadOnlyList<ModelFailure> Failures
    {
        get
        {
            lock (_gate)
            {
                return _failures.Count == 0 ? [] : [.. _failures];
            }
        }
    }

    /// <summary>Counts, until the calling method returns, what it and what it calls sends.</summary>
    public static CallLedger Begin() => Flow.Value = new CallLedger();

    /// <summary>Notes that the HTTP request of the attempt in flight goes out.</summary>
    public static void Requested() => Current?.Last?.Requested();

    /// <summary>Notes that it was not taken: nobody was reached, or the provider answered with an error status.</summary>
    public static void NotTaken() => Current?.Last?.NotTaken();

    /// <summary>Notes that a model gave no answer, also when it was asked again.</summary>
    public void Failed(ModelFailure failure)
    {
        lock (_gate)
        {
            if (_failures.Count < MostFailures)
            {
                _failures.Add(failure);
            }
        }
    }

    /// <summary>Notes an attempt that is about to be made.</summary>
    public SentCall Add(ModelId model, IReadOnlyCollection<ChatMessage> messages, ChatOptions? options)
    {
        var call = new SentCall(model, messages, options);
        lock (_gate)
        {
            _calls.Add(call);
        }

        return call;
    }

    private SentCall? Last
    {
        get
        {
            lock (_gate)
            {
                return _calls.Count > 0 ? _calls[^1] : null;
            }
        }
    }
}
