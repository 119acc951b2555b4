using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Errors;

/// <summary>Kinds of errors, for operators. A kind belongs to the app and not to a tenant, and holds nothing of a user.</summary>
public sealed class ErrorService
{
    private readonly ErrorStore _store;
    private readonly TimeProvider _time;

    internal ErrorService(ErrorStore store, TimeProvider time) => (_store, _time) = (store, time);

    /// <summary>Kinds of errors, last seen first.</summary>
    /// <param name="resolved">Only those that are resolved, or only those that are not; null for both.</param>
    /// <param name="after">The id that the last page ended with.</param>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<TrackedError>> ListAsync(
        Caller caller, bool? resolved, int limit, string? after, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        var errors = (await _store.ReadAsync(cancellationToken)).Where(error => resolved is null || error.IsResolved == resolved).ToList();
        var start = 0;
        if (after is not null && (start = errors.FindIndex(error => error.Id == after) + 1) == 0)
        {
            throw InvalidRequestException.NotACursor();
        }

        var page = errors.Skip(start).Take(limit).ToList();
        return new ListPage<TrackedError>(page, start + page.Count < errors.Count ? page[^1].Id : null);
    }

    /// <summary>Says that it is dealt with. Should it be seen again, it is open again, and told like a new one.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">There is no such kind of error.</exception>
    public Task<TrackedError> ResolveAsync(Caller caller, string id, CancellationToken cancellationToken) =>
        ChangeAsync(caller, id, _time.GetUtcNow(), cancellationToken);

    /// <inheritdoc cref="ResolveAsync"/>
    /// <summary>Takes back that it is dealt with.</summary>
    public Task<TrackedError> ReopenAsync(Caller caller, string id, CancellationToken cancellationToken) =>
        ChangeAsync(caller, id, resolvedAt: null, cancellationToken);

    private async Task<TrackedError> ChangeAsync(Caller caller, string id, DateTimeOffset? resolvedAt, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        return (Ids.IsValid(id) ? await _store.ResolveAsync(id, resolvedAt, cancellationToken) : null)
            ?? throw new NotFoundException($"There is no error \"{id}\".");
    }
}
