using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Lets the pages of allowed origins read what HTTP functions answer, failures included.</summary>
/// <remarks>No cookies are used here, so credentials in the sense of CORS are not allowed.</remarks>
internal sealed class CorsMiddleware(IOptions<CrossOriginOptions> options, ICorsService cors) : IFunctionsWorkerMiddleware
{
    private readonly CorsPolicy? _policy = Policy(options.Value);

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (_policy is not null && context.GetHttpContext() is { } http)
        {
            // Before the function: an answer that is streamed has sent its headers when the function is done.
            if (http.Request.Headers.Origin.Count > 0)
            {
                cors.ApplyResult(cors.EvaluatePolicy(http, _policy), http.Response);
            }

            // Also on answers to nobody's page: a cache must not give one of them to a page, nor one page's to another's.
            http.Response.Headers.Vary = HeaderNames.Origin;
        }

        await next(context);
    }

    private static CorsPolicy? Policy(CrossOriginOptions options) => options.AllowedOrigins.Count == 0
        ? null
        : new CorsPolicyBuilder([.. options.AllowedOrigins])
            .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Put, HttpMethods.Delete)
            .WithHeaders(
                HeaderNames.Authorization, HeaderNames.ContentType, HeaderNames.Accept, HeaderNames.IfMatch, HeaderNames.IfNoneMatch,
                "Idempotency-Key", "Prefer", "Last-Event-ID",
                "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name",
                // What OpenAI's own client sends from a page.
                "openai-organization", "openai-project", "openai-beta", "x-stainless-arch", "x-stainless-lang", "x-stainless-os",
                "x-stainless-package-version", "x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout",
                "x-stainless-helper-method", "x-stainless-poll-helper", "x-stainless-custom-poll-interval", "x-yggdrasil-approvals")
            .WithExposedHeaders(
                HeaderNames.ETag, HeaderNames.Location, HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
                "x-request-id")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))
            .Build();
}
