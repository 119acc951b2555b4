using System.Collections.Immutable;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Limits;

public sealed class QuotaRowTests
{
    /// <summary>What a property of text may have in a table, in UTF-16.</summary>
    private const int MaxCharacters = 32 * 1024;

    /// <summary>As a table would give it back.</summary>
    internal static TableEntity RowOf(QuotaState state) => (TableEntity)QuotaRow.Write("owner", state, default)[0].Entity;

    [Fact]
    public void Row_of_as_many_runs_and_agents_as_may_be_fits_into_a_table()
    {
        var meter = new QuotaMeter(new QuotaAmount(long.MaxValue / 2, 999_999.123456789m), long.MaxValue / 2, new RateBucket(60_000 / 7d, DateTimeOffset.MaxValue));
        var agents = Enumerable.Range(0, 100).Select(i => $"{i}{new string('a', 61)}").ToList();
        var state = new QuotaState
        {
            Day = new DateOnly(2026, 1, 1),
            Total = meter,
            Agents = agents.ToImmutableDictionary(agent => agent, _ => meter),
            Reservations = Enumerable.Range(0, UsageLimits.MaxConcurrentRuns).ToImmutableDictionary(
                _ => Ids.NewRun(),
                i => new Reservation(new QuotaAmount(1_000_000_000_000, 1_000_000), new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), agents[i % 100])),
        };

        var row = RowOf(state);

        Assert.InRange(row.GetString("Reservations").Length, 1, MaxCharacters);
        Assert.InRange(row.GetString("Agents").Length, 1, MaxCharacters);
        Assert.Equal(state.Reservations.OrderBy(held => held.Key), QuotaRow.Read(row).Reservations.OrderBy(held => held.Key));
    }

    [Fact]
    public void Row_of_as_many_API_keys_as_may_be_fits_beside_them()
    {
        // Ten billion tokens and a hundred dollars for one call are more than any model takes.
        var meter = new QuotaMeter(new QuotaAmount(1_000_000_000_000, 999_999.123456789m), 1_000_000_000, new RateBucket(60_000 / 7d, DateTimeOffset.MaxValue));
        var agents = Enumerable.Range(0, 100).Select(i => $"{i}{new string('a', 61)}").ToList();
        var keys = Enumerable.Range(0, 100).Select(i => QuotaBounds.ApiKeyOf(FormattableString.Invariant($"key_{i:x16}"))).ToList();
        var state = new QuotaState
        {
            Day = new DateOnly(2026, 1, 1),
            Total = meter,
            Agents = agents.Concat(keys).ToImmutableDictionary(key => key, _ => meter),
            Reservations = Enumerable.Range(0, UsageLimits.MaxConcurrentRuns).ToImmutableDictionary(
                _ => Ids.NewRun(),
                i => new Reservation(
                    new QuotaAmount(10_000_000_000, 100), new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), agents[i % 100], keys[i % 100])),
        };

        var row = RowOf(state);

        Assert.InRange(row.GetString("Reservations").Length, 1, MaxCharacters);
        Assert.InRange(row.GetString("Agents").Length, 1, MaxCharacters);
        Assert.Equal(state.Reservations.OrderBy(held => held.Key), QuotaRow.Read(row).Reservations.OrderBy(held => held.Key));
    }

    [Fact]
    public void Reservation_of_an_API_key_without_an_agent_is_read_as_it_was_written()
    {
        var (key, until) = (QuotaBounds.ApiKeyOf("key_1"), new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));
        var state = new QuotaState
        {
            Day = new DateOnly(2026, 1, 1),
            Agents = ImmutableDictionary<string, QuotaMeter>.Empty.Add(key, default).Add("helper", default),
            Reservations = ImmutableDictionary<string, Reservation>.Empty
                .Add("run_1", new Reservation(new QuotaAmount(1, 0), until, AgentKey: null, key))
                .Add("run_2", new Reservation(new QuotaAmount(2, 0), until, "helper", key)),
        };

        Assert.Equal(state.Reservations.OrderBy(held => held.Key), QuotaRow.Read(RowOf(state)).Reservations.OrderBy(held => held.Key));
    }

    [Fact]
    public void Change_is_made_under_the_version_it_was_decided_on_and_keeps_the_day_that_ended()
    {
        var state = new QuotaState { Day = new DateOnly(2026, 3, 2), Closed = (new DateOnly(2026, 3, 1), new QuotaMeter(new QuotaAmount(7, 0.5m), 3, default)) };

        var first = QuotaRow.Write("owner", state, default);
        var later = QuotaRow.Write("owner", state, new ETag("v1"));

        Assert.Equal(TableTransactionActionType.Add, first[0].ActionType);
        Assert.Equal((TableTransactionActionType.UpdateMerge, new ETag("v1")), (later[0].ActionType, later[0].ETag));
        Assert.Equal(RowKeys.UsageOf(new DateOnly(2026, 3, 1)), later[1].Entity.RowKey);
        Assert.Equal(
            (new DateOnly(2026, 3, 1), new QuotaMeter(new QuotaAmount(7, 0.5m), 3, default)), QuotaRow.ReadUsed((TableEntity)later[1].Entity));
    }

    [Fact]
    public void Property_that_this_version_does_not_know_is_no_obstacle()
    {
        var row = RowOf(new QuotaState { Day = new DateOnly(2026, 3, 2) });
        row["Later"] = "something";

        Assert.Equal(new DateOnly(2026, 3, 2), QuotaRow.Read(row).Day);
    }

    [Fact]
    public void Row_of_a_newer_version_is_refused_as_a_passing_state_and_not_as_a_fault()
    {
        var row = RowOf(new QuotaState { Day = new DateOnly(2026, 3, 2) });
        row["Version"] = 2;
        row["Day"] = "in another form";

        Assert.False(QuotaRow.IsKnown(row));
        Assert.Equal("storage_unavailable", Assert.Throws<StorageUnavailableException>(() => QuotaRow.Read(row)).Code);
        Assert.Equal("storage_unavailable", Assert.Throws<StorageUnavailableException>(() => QuotaRow.ReadUsed(row)).Code);
    }
}
