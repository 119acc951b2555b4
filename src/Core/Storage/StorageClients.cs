using System.Collections.Concurrent;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Storage;

/// <summary>
/// The storage account the app lives on, which is the Functions host's own: <c>AzureWebJobsStorage</c> as a connection
/// string, or <c>AzureWebJobsStorage__accountName</c> (or <c>__tableServiceUri</c>, <c>__blobServiceUri</c> and
/// <c>__queueServiceUri</c>) with a managed identity, <c>AzureWebJobsStorage__clientId</c> when it is user-assigned.
/// </summary>
/// <remarks>Tables, containers and queues are created when first used; a failed attempt is tried again by the next user.</remarks>
public sealed class StorageClients
{
    public const string Setting = "AzureWebJobsStorage";

    /// <summary>The table of owners' data. Part of what the encryption of its values is bound to: it must never change.</summary>
    public const string WorkTable = "Work";

    /// <summary>The table of models' answers that are kept for a while. Likewise part of what encryption is bound to.</summary>
    public const string CacheTable = "Cache";

    /// <summary>The table of batches' items. Likewise part of what encryption is bound to.</summary>
    public const string BatchItemsTable = "BatchItems";

    /// <summary>The table of what MCP servers offer. Likewise part of what encryption is bound to.</summary>
    public const string McpTable = "McpTools";

    private const string UsersTableName = "Users";
    private const string ProvidersTableName = "Providers";
    private const string DueTableName = "Due";
    private const string ErrorsTableName = "Errors";
    private const string HealthTableName = "Health";
    private const string ContentContainerName = "content";

    private readonly EnsuredResource<TableClient> _work;
    private readonly EnsuredResource<TableClient> _batchItems;
    private readonly EnsuredResource<TableClient> _users;
    private readonly EnsuredResource<TableClient> _cache;
    private readonly EnsuredResource<TableClient> _providers;
    private readonly EnsuredResource<TableClient> _mcp;
    private readonly EnsuredResource<TableClient> _due;
    private readonly EnsuredResource<TableClient> _errors;
    private readonly EnsuredResource<TableClient> _health;
    private readonly EnsuredResource<BlobContainerClient> _content;
    private readonly QueueServiceClient _queueService;
    private readonly ConcurrentDictionary<string, EnsuredResource<QueueClient>> _queues = new();

    public StorageClients(IConfiguration configuration, TableClientOptions? tableOptions = null)
    {
        (var tables, var blobs, _queueService) = Connect(configuration, tableOptions ?? new TableClientOptions());
        _work = new(tables.GetTableClient(WorkTable), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _batchItems = new(tables.GetTableClient(BatchItemsTable), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _users = new(tables.GetTableClient(UsersTableName), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _cache = new(tables.GetTableClient(CacheTable), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _providers = new(tables.GetTableClient(ProvidersTableName), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _mcp = new(tables.GetTableClient(McpTable), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _due = new(tables.GetTableClient(DueTableName), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _errors = new(tables.GetTableClient(ErrorsTableName), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _health = new(tables.GetTableClient(HealthTableName), static (table, ct) => table.CreateIfNotExistsAsync(ct));
        _content = new(blobs.GetBlobContainerClient(ContentContainerName),
            static (container, ct) => container.CreateIfNotExistsAsync(cancellationToken: ct));
    }

    public ValueTask<TableClient> GetWorkTableAsync(CancellationToken cancellationToken) => _work.GetAsync(cancellationToken);

    /// <summary>Items of batches: partition = one upload of a batch.</summary>
    public ValueTask<TableClient> GetBatchItemsTableAsync(CancellationToken cancellationToken) => _batchItems.GetAsync(cancellationToken);

    /// <summary>What admins say of users: partition = tenant, row = user (see <c>Owner</c>).</summary>
    public ValueTask<TableClient> GetUsersTableAsync(CancellationToken cancellationToken) => _users.GetAsync(cancellationToken);

    /// <summary>What is to be looked at on a day: partition = the day. Ids only.</summary>
    public ValueTask<TableClient> GetDueTableAsync(CancellationToken cancellationToken) => _due.GetAsync(cancellationToken);

    /// <summary>Kinds of errors and how often each was seen (see <c>ErrorFingerprint</c>). Never content.</summary>
    public ValueTask<TableClient> GetErrorsTableAsync(CancellationToken cancellationToken) => _errors.GetAsync(cancellationToken);

    /// <summary>What was found out about the app's dependencies: partition = day, or alerts.</summary>
    public ValueTask<TableClient> GetHealthTableAsync(CancellationToken cancellationToken) => _health.GetAsync(cancellationToken);

    public ValueTask<TableClient> GetCacheTableAsync(CancellationToken cancellationToken) => _cache.GetAsync(cancellationToken);

    /// <summary>What instances tell each other of providers (see <c>ProviderState</c>).</summary>
    public ValueTask<TableClient> GetProvidersTableAsync(CancellationToken cancellationToken) => _providers.GetAsync(cancellationToken);

    /// <summary>What MCP servers offer, and what operators approved of it: partition = server.</summary>
    public ValueTask<TableClient> GetMcpTableAsync(CancellationToken cancellationToken) => _mcp.GetAsync(cancellationToken);

    public ValueTask<BlobContainerClient> GetContentContainerAsync(CancellationToken cancellationToken) =>
        _content.GetAsync(cancellationToken);

    /// <summary>A queue whose messages are Base64, as queue triggers read them.</summary>
    public ValueTask<QueueClient> GetQueueAsync(string name, CancellationToken cancellationToken) => _queues
        .GetOrAdd(name, queue => new(
            _queueService.GetQueueClient(queue), static (client, ct) => client.CreateIfNotExistsAsync(cancellationToken: ct)))
        .GetAsync(cancellationToken);

    private static (TableServiceClient Tables, BlobServiceClient Blobs, QueueServiceClient Queues) Connect(IConfiguration configuration, TableClientOptions tableOptions)
    {
        tableOptions = StorageRetries.Bound(tableOptions);
        var blobOptions = StorageRetries.Bound(new BlobClientOptions());
        var queueOptions = StorageRetries.Bound(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        if (configuration[Setting] is { Length: > 0 } connectionString)
        {
            return (
                new TableServiceClient(connectionString, tableOptions.PastProxies(connectionString)),
                new BlobServiceClient(connectionString, blobOptions.PastProxies(connectionString)),
                new QueueServiceClient(connectionString, queueOptions.PastProxies(connectionString)));
        }

        var section = configuration.GetSection(Setting);
        TokenCredential credential = section["clientId"] is { Length: > 0 } clientId
            ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
            : new DefaultAzureCredential();
        return (
            new TableServiceClient(ServiceUri(section, "table"), credential, tableOptions),
            new BlobServiceClient(ServiceUri(section, "blob"), credential, blobOptions),
            new QueueServiceClient(ServiceUri(section, "queue"), credential, queueOptions));
    }

    private static Uri ServiceUri(IConfigurationSection section, string service)
    {
        if (section[$"{service}ServiceUri"] is { Length: > 0 } uri)
        {
            return new Uri(uri);
        }

        return section["accountName"] is { Length: > 0 } account
            ? new Uri($"https://{account}.{service}.core.windows.net")
            : throw new InvalidOperationException(
                $"{Setting} must be a storage connection string, or {Setting}__accountName must name a storage account.");
    }

    /// <summary>A table or container that is created before its first use, once per process.</summary>
    private sealed class EnsuredResource<T>(T client, Func<T, CancellationToken, Task> createAsync)
        where T : class
    {
        private volatile bool _exists;

        public async ValueTask<T> GetAsync(CancellationToken cancellationToken)
        {
            // Two first users may both create it: that is harmless, and cheaper than a lock on every later use.
            if (!_exists)
            {
                await createAsync(client, cancellationToken);
                _exists = true;
            }

            return client;
        }
    }
}
