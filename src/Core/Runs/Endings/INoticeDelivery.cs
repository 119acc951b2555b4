using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Endings;

/// <summary>Tells one kind of listener that a run has ended.</summary>
internal interface INoticeDelivery
{
    /// <summary>The <see cref="RunNotice.Kind"/> it sees to.</summary>
    string Kind { get; }

    /// <summary>
    /// Delivers, or sees to it that it will be delivered whatever happens to this process. May be called again for a notice that it has
    /// delivered; a failure makes it be called again.
    /// </summary>
    /// <param name="ended">The run without its content.</param>
    Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken);
}
