using System.Net;
using System.Net.Sockets;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

/// <summary>
/// Answers one look-up after the other from a script; the last answer is repeated, and none is "no such host".
/// </summary>
internal sealed class ScriptedResolver(params string[][] answers) : IHostResolver
{
    public List<string> LookUps { get; } = [];

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var answer = answers.Length > 0
            ? answers[Math.Min(LookUps.Count, answers.Length - 1)]
            : throw new SocketException((int)SocketError.HostNotFound);
        LookUps.Add(host);
        return Task.FromResult(Array.ConvertAll(answer, IPAddress.Parse));
    }
}
