using System.Net;

namespace Yggdrasil.Client;

/// <summary>The server refused a request, or failed at it.</summary>
public sealed class YggdrasilException : Exception
{
    internal YggdrasilException(HttpStatusCode status, string code, string message, IReadOnlyDictionary<string, IReadOnlyList<string>> errors, TimeSpan? retryAfter, string? traceId)
        : base(message) => (Status, Code, Errors, RetryAfter, TraceId) = (status, code, errors, retryAfter, traceId);

    /// <summary>The status of the answer.</summary>
    public HttpStatusCode Status { get; }

    /// <summary>What programs decide by: one of <see cref="ProblemCode"/>; <c>http_502</c> and the like where somebody between here and the server answered.</summary>
    public string Code { get; }

    /// <summary>For 400: what is wrong with which field, query parameter or header. Otherwise empty.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Errors { get; }

    /// <summary>How long to wait before another try, where the server says so.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>What to quote to the operator.</summary>
    public string? TraceId { get; }

    /// <summary>Whether the same request may be answered in another way soon. The day's quota and open streams are not waited for.</summary>
    public bool IsTransient => Status switch
    {
        HttpStatusCode.TooManyRequests => Code is not (ProblemCode.QuotaExceeded or ProblemCode.TooManyEventReaders),
        HttpStatusCode.RequestTimeout or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => true,
        _ => false,
    };
}
