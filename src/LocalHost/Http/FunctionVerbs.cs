using Microsoft.AspNetCore.Routing.Matching;

namespace Yggdrasil.LocalHost.Http;

/// <summary>The HTTP methods a function serves; empty means all.</summary>
internal sealed record FunctionVerbs(IReadOnlyList<string> Verbs)
{
    public bool Allow(string verb) => Verbs.Count == 0 || Verbs.Contains(verb, StringComparer.OrdinalIgnoreCase);
}

/// <summary>
/// Leaves out endpoints of other methods, so that a wrong method is answered 404 as the Functions host answers it;
/// ASP.NET Core's own metadata would answer 405.
/// </summary>
internal sealed class FunctionVerbPolicy : MatcherPolicy, IEndpointSelectorPolicy
{
    public override int Order => 0;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) =>
        endpoints.Any(endpoint => endpoint.Metadata.GetMetadata<FunctionVerbs>() is { Verbs.Count: > 0 });

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates[i].Endpoint.Metadata.GetMetadata<FunctionVerbs>() is { } verbs &&
                !verbs.Allow(httpContext.Request.Method))
            {
                candidates.SetValidity(i, false);
            }
        }

        return Task.CompletedTask;
    }
}
