using System.Reflection;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Functions.Http.Answering;

internal static class ProblemExceptions
{
    /// <summary>The problem that an exception is or, wrapped by a host, carries.</summary>
    public static ProblemException? FindProblem(this Exception failure) => failure switch
    {
        ProblemException problem => problem,
        AggregateException { InnerExceptions.Count: 1 } or TargetInvocationException => failure.InnerException?.FindProblem(),
        _ => null,
    };
}
