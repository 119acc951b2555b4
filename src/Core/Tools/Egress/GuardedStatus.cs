using System.Net;

namespace Yggdrasil.Tools.Egress;

/// <summary>How an answer from the outside begins; of its body nothing is read.</summary>
/// <param name="Status">Any status; a redirect is not followed.</param>
/// <param name="RetryAfter">How long to wait before asking again, if the server said so.</param>
public sealed record GuardedStatus(HttpStatusCode Status, TimeSpan? RetryAfter);
