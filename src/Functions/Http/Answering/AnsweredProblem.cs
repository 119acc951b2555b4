namespace Yggdrasil.Functions.Http.Answering;

/// <summary>The code of the problem that a request is answered with, for those who count answers.</summary>
internal static class AnsweredProblem
{
    private static readonly object Key = new();

    public static void SetProblem(this HttpContext http, string code) => http.Items[Key] = code;

    public static string? FindProblem(this HttpContext http) => http.Items[Key] as string;
}
