using Yggdrasil.Limits;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Tests.Limits;

/// <summary>Quotas as one instance of the app has them.</summary>
internal sealed class TestQuotas
{
    public TestQuotas(StorageClients storage, ToolGates gates, LimitOptions options, TimeProvider time)
    {
        Store = new UserStore(storage);
        Users = new KnownUsers(Store, time);
        Limits = new UserLimits(options, Users);
        var estimator = new CallEstimator(gates, TestPrices.Of(("scripted:one", 0, 0), ("scripted:dear", 1_000, 10_000)));
        Ledger = new QuotaLedger(storage, TestContention.Retries, time);
        Companion = new QuotaCompanion(Ledger, Limits, estimator, time);
        Inline = new InlineQuotas(Ledger, Limits, Companion, time);
        Usage = new UsageService(storage, Ledger, Limits, time);
    }

    public UserStore Store { get; }

    public KnownUsers Users { get; }

    public UserLimits Limits { get; }

    public QuotaLedger Ledger { get; }

    public QuotaCompanion Companion { get; }

    public InlineQuotas Inline { get; }

    public UsageService Usage { get; }
}
