using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The queues of a LocalHost that runs its own Azurite, as senders and readers of prompts use them.</summary>
internal sealed partial class QueueClients(string output)
{
    /// <summary>Only keeps a broken test from hanging.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly Uri _address = new($"http://127.0.0.1:{Port().Match(output).Groups[1].Value}/devstoreaccount1");

    // Azurite's well-known account.
    private readonly Azure.Storage.StorageSharedKeyCredential _account = new(
        "devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==");

    public async Task<QueueClient> OpenAsync(string name, QueueMessageEncoding encoding = QueueMessageEncoding.Base64)
    {
        var client = new QueueClient(new Uri($"{_address}/{name}"), _account, new QueueClientOptions { MessageEncoding = encoding });
        await client.CreateIfNotExistsAsync();
        return client;
    }

    public async Task SendAsync(object prompt)
    {
        var queue = await OpenAsync("prompts");
        await queue.SendMessageAsync(prompt as string ?? JsonSerializer.Serialize(prompt));
    }

    /// <summary>The next result of a prompt. Those of other tests are left to them.</summary>
    public async Task<JsonElement> ResultAsync(string promptId)
    {
        var queue = await OpenAsync("prompt-results");
        var found = await Poll.UntilAsync(
            async () =>
            {
                // Seen by this reader alone only as long as it takes to look.
                foreach (var message in (await queue.ReceiveMessagesAsync(32, TimeSpan.FromSeconds(1))).Value)
                {
                    var result = JsonSerializer.Deserialize<JsonElement>(message.Body);
                    if (result.Text("id") == promptId)
                    {
                        await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
                        return result;
                    }
                }

                return (JsonElement?)null;
            },
            result => result is not null);
        return found!.Value;
    }

    /// <summary>The results of so many prompts whose ids begin alike, as they come. Those of other tests are left to them.</summary>
    public async Task<IReadOnlyList<JsonElement>> ResultsAsync(string prefix, int count)
    {
        var queue = await OpenAsync("prompt-results");
        List<JsonElement> results = [];
        await Poll.UntilAsync(async () =>
        {
            foreach (var message in (await queue.ReceiveMessagesAsync(32, TimeSpan.FromSeconds(10))).Value)
            {
                var result = JsonSerializer.Deserialize<JsonElement>(message.Body);
                if (result.Text("id").StartsWith(prefix, StringComparison.Ordinal))
                {
                    await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
                    results.Add(result);
                }
            }

            return results.Count >= count;
        });
        return results;
    }

    /// <summary>How many results of a prompt are there to be read now.</summary>
    public async Task<int> CountResultsAsync(string promptId)
    {
        var queue = await OpenAsync("prompt-results");
        PeekedMessage[] messages = await queue.PeekMessagesAsync(32);
        return messages.Count(message => JsonSerializer.Deserialize<JsonElement>(message.Body).Text("id") == promptId);
    }

    [GeneratedRegex(@"\(blobs\), (\d+) \(queues\)")]
    private static partial Regex Port();
}
