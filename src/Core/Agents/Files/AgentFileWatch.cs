using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Yggdrasil.Agents.Skills;

namespace Yggdrasil.Agents.Files;

/// <summary>Reads agents anew when their files change, in the Development environment: elsewhere files change by a deployment.</summary>
internal sealed partial class AgentFileWatch(
    AppFolders folders, SkillCatalog skills, ConfiguredAgents agents, IHostEnvironment environment, ILogger<AgentFileWatch> logger) : IHostedService, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _watches = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (environment.IsDevelopment())
        {
            _watches.Add(ChangeToken.OnChange(folders.Agents.Watch, Reload));
            _watches.Add(ChangeToken.OnChange(folders.Skills.Watch, Reload));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _watches.ForEach(watch => watch.Dispose());
        _watches.Clear();
    }

    /// <remarks>A file may be seen half written: its mistakes are told, and gone with the next change.</remarks>
    private void Reload()
    {
        lock (_gate)
        {
            try
            {
                skills.Reload();
                agents.Reload();
                LogReloaded(agents.All.Count());
            }
            catch (OptionsValidationException invalid)
            {
                LogInvalid(string.Join(Environment.NewLine, invalid.Failures));
            }
        }
    }

    [LoggerMessage(2101, LogLevel.Information, "Files of agents have changed: there are {Count} agents of the configuration")]
    private partial void LogReloaded(int count);

    [LoggerMessage(2102, LogLevel.Warning, "Files of agents have changed and are not valid; the agents stay as they were: {Problems}")]
    private partial void LogInvalid(string problems);
}
