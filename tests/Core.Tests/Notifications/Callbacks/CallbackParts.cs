using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Notifications.Callbacks;

/// <summary>What makes callbacks, over a worker's storage, in the Development environment unless told otherwise.</summary>
internal sealed class CallbackParts
{
    public CallbackParts(StorageClients storage, ContentVault vault, TimeProvider time, IRunScheduler scheduler, bool allowPrivateNetworks = true, IHostResolver? resolver = null)
    {
        Store = new CallbackStore(storage, vault, TestContention.Retries, TestUnknown.Values);
        Secrets = new CallbackSecrets(storage, vault, TestContention.Retries, time);
        var http = new CallbackHttp(
            EgressGuard.ForAnyPublicHost(allowPrivateNetworks, resolver ?? new DnsHostResolver(), [], CallbackOptions.AllowedPortsName), time, NullLogger<GuardedHttp>.Instance);
        Rules = new CallbackRules(http, Secrets);
        Delivery = new RunCallback(new CallbackOutbox(Store, scheduler, time));
        Log = new();
        Slots = new ActivitySlots(new ActivityOptions(), time, NullLogger<FairQueue>.Instance);
        Sender = new CallbackSender(Store, Secrets, http, Notifications, Slots, time, Log);
    }

    /// <summary>The channels that the settings name.</summary>
    public NotificationOptions Notifications { get; } = new();

    public CallbackStore Store { get; }

    public CallbackSecrets Secrets { get; }

    public CallbackRules Rules { get; }

    public RunCallback Delivery { get; }

    public CallbackSender Sender { get; }

    /// <summary>The instance's activities, of which each attempt needs one.</summary>
    public ActivitySlots Slots { get; }

    public RecordedLog<CallbackSender> Log { get; }
}
