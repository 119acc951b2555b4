using Azure.Storage.Queues;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Settings;
using Yggdrasil.Storage;

namespace Yggdrasil.LocalHost.Queues;

/// <summary>Listens for every queue-triggered function.</summary>
internal sealed class QueueListeners(
    IReadOnlyList<Function> functions,
    HostJson hostJson,
    IConfiguration configuration,
    FunctionInvoker invoker,
    TimeProvider time,
    ILoggerFactory loggers) : IHostedService, IDisposable
{
    private readonly List<QueueListener> _listeners = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var function in functions)
        {
            if (function.Trigger is QueueTrigger trigger)
            {
                var listener = Create(function, trigger);
                _listeners.Add(listener);
                await listener.StartAsync(cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_listeners.Select(listener => listener.StopAsync(cancellationToken)));

    public void Dispose() => _listeners.ForEach(listener => listener.Dispose());

    private QueueListener Create(Function function, QueueTrigger trigger)
    {
        var connection = configuration[trigger.Connection] ?? throw new LocalHostException(
            $"{function.Name} reads queue {trigger.QueueName}: set {trigger.Connection} to a connection string.");
        var settings = hostJson.Extensions.Queues;
        var name = Placeholders.Resolve(trigger.QueueName, configuration);
        var encoding = settings.MessageEncoding == QueueEncoding.Base64
            ? QueueMessageEncoding.Base64
            : QueueMessageEncoding.None;
        var logger = loggers.CreateLogger<QueueListener>();
        var poisonQueue = new QueueClient(
            connection, $"{name}-poison", new QueueClientOptions { MessageEncoding = encoding }.PastProxies(connection));
        var options = new QueueClientOptions { MessageEncoding = encoding }.PastProxies(connection);
        options.MessageDecodingFailed += new UndecodableMessages(poisonQueue, logger).MoveAsync;
        var queue = new QueueClient(connection, name, options);
        var processor = new MessageProcessor(function, queue, poisonQueue, invoker, settings, time, logger);
        return new QueueListener(queue, processor, settings, time, logger);
    }
}
