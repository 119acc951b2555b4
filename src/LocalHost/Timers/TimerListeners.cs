using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Timers;

/// <summary>Keeps the clock for every timer-triggered function.</summary>
internal sealed class TimerListeners(
    IReadOnlyList<Function> functions,
    IConfiguration configuration,
    FunctionInvoker invoker,
    TimeProvider time,
    ILoggerFactory loggers) : IHostedService, IDisposable
{
    private readonly List<TimerListener> _listeners = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<TimerListener>();
        foreach (var function in functions)
        {
            if (function.Trigger is TimerTrigger trigger)
            {
                var schedule = new Schedule(Placeholders.Resolve(trigger.Schedule, configuration));
                var listener = new TimerListener(function, trigger, schedule, invoker, time, logger);
                _listeners.Add(listener);
                await listener.StartAsync(cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_listeners.Select(listener => listener.StopAsync(cancellationToken)));

    public void Dispose() => _listeners.ForEach(listener => listener.Dispose());
}
