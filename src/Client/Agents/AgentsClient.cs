using System.Text.Json;
using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Agents, and the tools that they may have.</summary>
public sealed class AgentsClient
{
    private readonly Transport _transport;

    internal AgentsClient(Transport transport) => _transport = transport;

    /// <summary>The caller's own agents, those shared with the caller, and those of the configuration.</summary>
    public IAsyncEnumerable<Agent> ListAsync() => Pages.ReadAsync(_transport, "api/agents", ClientJson.Default.PageAgent);

    /// <summary>An agent.</summary>
    public Task<Agent> GetAsync(string agent, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(ApiRequest.Get(Path(agent)), ClientJson.Default.Agent, (read, headers) => read with { ETag = headers.ETag?.ToString() }, cancellationToken);

    /// <summary>Creates or replaces an agent. Runs that have started keep the agent as it was.</summary>
    /// <param name="agent">The agent's id.</param>
    /// <param name="definition">What it is to be; what is null takes its default.</param>
    /// <param name="ifMatch">The <see cref="Agent.ETag"/> that it must still have: 412 otherwise. It is then sent once. Null for whatever it is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public Task<Agent> PutAsync(string agent, AgentDefinition definition, string? ifMatch = null, CancellationToken cancellationToken = default) => _transport.SendAsync(
        new ApiRequest(HttpMethod.Put, Path(agent))
        {
            Body = JsonSerializer.SerializeToUtf8Bytes(definition, ClientJson.Default.AgentDefinition),
            IfMatch = ifMatch,
            MayRepeat = ifMatch is null,
        },
        ClientJson.Default.Agent,
        (written, headers) => written with { ETag = headers.ETag?.ToString() },
        cancellationToken);

    /// <summary>Deletes an agent. Its runs go on.</summary>
    public Task DeleteAsync(string agent, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(new ApiRequest(HttpMethod.Delete, Path(agent)), cancellationToken);

    /// <summary>The tools that agents may name.</summary>
    public IAsyncEnumerable<Tool> ListToolsAsync() => Pages.ReadAsync(_transport, "api/tools", ClientJson.Default.PageTool);

    private static string Path(string agent) => $"api/agents/{ApiRequest.Segment(agent, nameof(agent))}";
}
