using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Operations.Errors;

/// <summary>The table Errors: one row for each kind of error, whose counts all instances add up under its version.</summary>
internal sealed class ErrorStore(StorageClients storage, Contention contention)
{
    private const int SchemaVersion = 1;
    private const string Partition = "error";

    /// <summary>The time at which those that are open were resolved: a merge cannot take a property away.</summary>
    private static readonly DateTimeOffset Never = DateTimeOffset.UnixEpoch;

    /// <summary>Adds sightings to what is known. News is told to exactly one of those who bring it.</summary>
    /// <exception cref="RequestFailedException">Storage does not answer.</exception>
    /// <exception cref="StorageNotAnsweringException">Others change the row all the time.</exception>
    public async Task<ErrorNews> AddAsync(ErrorFingerprint kind, ErrorSightings sightings, CancellationToken cancellationToken)
    {
        var table = await storage.GetErrorsTableAsync(cancellationToken);
        var id = kind.Id;
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<ErrorNews> AttemptAsync()
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(Partition, id, cancellationToken: cancellationToken);
            try
            {
                if (!found.HasValue)
                {
                    await table.AddEntityAsync(Row(kind, sightings), cancellationToken);
                    return ErrorNews.New;
                }

                var known = Read(found.Value!);
                var hasReappeared = sightings.Last > known.ResolvedAt;
                await table.UpdateEntityAsync(
                    Change(known, sightings, hasReappeared), found.Value!.ETag, TableUpdateMode.Merge, cancellationToken);
                return hasReappeared ? ErrorNews.Reappeared : ErrorNews.None;
            }
            catch (RequestFailedException failure) when (IsContended(failure))
            {
                throw new ContendedException(failure);
            }
        }
    }

    /// <summary>All kinds of errors, last seen first.</summary>
    public async Task<IReadOnlyList<TrackedError>> ReadAsync(CancellationToken cancellationToken)
    {
        var table = await storage.GetErrorsTableAsync(cancellationToken);
        var rows = await table.QueryAsync<TableEntity>(row => row.PartitionKey == Partition, cancellationToken: cancellationToken)
            .ToListAsync(cancellationToken);
        return [.. rows.Select(Read).OrderByDescending(error => error.LastSeen).ThenBy(error => error.Id, StringComparer.Ordinal)];
    }

    /// <summary>Says that a kind of error is resolved, or is not.</summary>
    /// <param name="resolvedAt">Null to open it again.</param>
    /// <returns>As it is then; null where there is none of this id.</returns>
    public async Task<TrackedError?> ResolveAsync(string id, DateTimeOffset? resolvedAt, CancellationToken cancellationToken)
    {
        var table = await storage.GetErrorsTableAsync(cancellationToken);
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<TrackedError?> AttemptAsync()
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(Partition, id, cancellationToken: cancellationToken);
            if (!found.HasValue)
            {
                return null;
            }

            var row = found.Value!;
            if (resolvedAt is null != Read(row).IsResolved)
            {
                return Read(row);
            }

            row["ResolvedAt"] = resolvedAt ?? Never;
            try
            {
                await table.UpdateEntityAsync(
                    new TableEntity(Partition, id) { ["ResolvedAt"] = row["ResolvedAt"] }, row.ETag, TableUpdateMode.Merge, cancellationToken);
                return Read(row);
            }
            catch (RequestFailedException failure) when (IsContended(failure))
            {
                // It was seen meanwhile, or removed.
                throw new ContendedException(failure);
            }
        }
    }

    /// <summary>Removes kinds that nobody has seen since.</summary>
    public async Task RemoveBeforeAsync(DateTimeOffset lastSeen, CancellationToken cancellationToken)
    {
        var table = await storage.GetErrorsTableAsync(cancellationToken);
        foreach (var error in (await ReadAsync(cancellationToken)).Where(error => error.LastSeen < lastSeen))
        {
            await table.DeleteEntityAsync(Partition, error.Id, cancellationToken: cancellationToken);
        }
    }

    private static TableEntity Row(ErrorFingerprint kind, ErrorSightings sightings) => new(Partition, kind.Id)
    {
        ["Schema"] = SchemaVersion,
        ["Kind"] = kind.Kind,
        ["Provider"] = kind.Provider,
        ["Place"] = kind.Place,
        ["Count"] = sightings.Count,
        ["FirstSeen"] = sightings.First,
        ["LastSeen"] = sightings.Last,
        ["TraceId"] = sightings.TraceId,
    };

    private static TableEntity Change(TrackedError known, ErrorSightings sightings, bool hasReappeared)
    {
        var sum = new ErrorSightings(known.Count, known.FirstSeen, known.LastSeen, known.TraceId).Add(sightings);
        var change = new TableEntity(Partition, known.Id)
        {
            ["Count"] = sum.Count,
            ["FirstSeen"] = sum.First,
            ["LastSeen"] = sum.Last,
            ["TraceId"] = sum.TraceId,
        };
        if (hasReappeared)
        {
            change["ResolvedAt"] = Never;
        }

        return change;
    }

    private static TrackedError Read(TableEntity row) => new(
        row.RowKey,
        row.GetString("Kind") ?? "",
        row.GetString("Provider") is { Length: > 0 } provider ? provider : null,
        row.GetString("Place") ?? "",
        row.GetInt64("Count") ?? 0,
        row.GetDateTimeOffset("FirstSeen") ?? default,
        row.GetDateTimeOffset("LastSeen") ?? default,
        row.GetString("TraceId"),
        row.GetDateTimeOffset("ResolvedAt") is { } at && at > Never ? at : null);
}
