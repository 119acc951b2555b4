using System.Text;
using System.Threading.Channels;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.LocalHost.Tests.Azurite;

namespace Yggdrasil.LocalHost.Tests.Queues;

[Collection(SharedAzurite.Name)]
public sealed class QueueTriggerTests(AzuriteFixture azurite)
{
    private const string HostJson = """
        { "extensions": { "queues": {
          "maxPollingInterval": "00:00:00.2", "visibilityTimeout": "00:00:00", "maxDequeueCount": 3 } } }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _queueName = $"q{Guid.NewGuid():N}";

    [Theory]
    [InlineData(typeof(TextFunction), "string {\"name\":\"a\"}")]
    [InlineData(typeof(BytesFunction), "bytes 12")]
    [InlineData(typeof(BinaryFunction), "binary {\"name\":\"a\"}")]
    [InlineData(typeof(RecordFunction), "record a")]
    [InlineData(typeof(MessageFunction), "message 1")]
    public async Task Message_is_bound_to_the_type_of_the_parameter_and_deleted(Type function, string expected)
    {
        var received = Channel.CreateUnbounded<string>();
        var queue = await CreateQueueAsync(_queueName);
        await queue.SendMessageAsync("""{"name":"a"}""");

        await using (var host = await StartAsync(function, received))
        {
            Assert.Equal(expected, await ReadAsync(received));
        }

        Assert.Equal(0, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task Message_that_always_fails_goes_to_the_poison_queue_after_the_last_attempt()
    {
        var received = Channel.CreateUnbounded<string>();
        var queue = await CreateQueueAsync(_queueName);
        var poison = await CreateQueueAsync($"{_queueName}-poison");
        await queue.SendMessageAsync("bad");

        await using (var host = await StartAsync(typeof(FailingFunction), received))
        {
            var moved = await WaitForMessageAsync(poison);

            Assert.Equal("bad", moved.Body.ToString());
        }

        Assert.Equal(["bad 1", "bad 2", "bad 3"], await ReadAllAsync(received));
        Assert.Equal(0, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task Message_whose_last_attempt_died_with_its_process_is_not_run_again()
    {
        var received = Channel.CreateUnbounded<string>();
        var queue = await CreateQueueAsync(_queueName);
        var poison = await CreateQueueAsync($"{_queueName}-poison");
        await queue.SendMessageAsync("crashed");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            QueueMessage taken = await queue.ReceiveMessageAsync();
            await queue.UpdateMessageAsync(taken.MessageId, taken.PopReceipt, visibilityTimeout: TimeSpan.Zero);
        }

        await using (var host = await StartAsync(typeof(TextFunction), received))
        {
            Assert.Equal("crashed", (await WaitForMessageAsync(poison)).Body.ToString());
        }

        Assert.Empty(await ReadAllAsync(received));
    }

    [Fact]
    public async Task Message_that_is_not_Base64_goes_to_the_poison_queue_and_the_next_one_runs()
    {
        var received = Channel.CreateUnbounded<string>();
        var plain = new QueueClient(azurite.ConnectionString, _queueName);
        var poison = await CreateQueueAsync($"{_queueName}-poison");
        await plain.CreateAsync();
        await plain.SendMessageAsync("not base64 !");
        await plain.SendMessageAsync(Convert.ToBase64String(Encoding.UTF8.GetBytes("good")));

        await using var host = await StartAsync(typeof(TextFunction), received);

        Assert.Equal("string good", await ReadAsync(received));
        Assert.Equal("not base64 !", (await WaitForMessageAsync(poison)).Body.ToString());
    }

    [Fact]
    public async Task Queue_that_is_created_later_is_read_too()
    {
        var received = Channel.CreateUnbounded<string>();
        await using var host = await StartAsync(typeof(TextFunction), received);

        var queue = await CreateQueueAsync(_queueName);
        await queue.SendMessageAsync("late");

        Assert.Equal("string late", await ReadAsync(received));
    }

    private Task<TestHost> StartAsync(Type function, Channel<string> received) => TestHost.StartAsync(
        [function],
        services => services.AddSingleton(received.Writer),
        storage: azurite.ConnectionString,
        hostJson: HostJson,
        args: $"--QueueName={_queueName}");

    private async Task<QueueClient> CreateQueueAsync(string name)
    {
        var queue = new QueueClient(
            azurite.ConnectionString, name, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateAsync();
        return queue;
    }

    private static async Task<string> ReadAsync(Channel<string> received) =>
        await received.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    private static async Task<List<string>> ReadAllAsync(Channel<string> received)
    {
        received.Writer.Complete();
        return await received.Reader.ReadAllAsync().ToListAsync();
    }

    private static async Task<QueueMessage> WaitForMessageAsync(QueueClient queue)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            QueueMessage? message = await queue.ReceiveMessageAsync(cancellationToken: timeout.Token);
            if (message is not null)
            {
                return message;
            }
        }
    }

    public sealed class TextFunction(ChannelWriter<string> received)
    {
        [Function("Text")]
        public async Task Run([QueueTrigger("%QueueName%")] string message, CancellationToken cancellationToken) =>
            await received.WriteAsync($"string {message}", cancellationToken);
    }

    public sealed class BytesFunction(ChannelWriter<string> received)
    {
        [Function("Bytes")]
        public void Run([QueueTrigger("%QueueName%")] byte[] message) =>
            Assert.True(received.TryWrite($"bytes {message.Length}"));
    }

    public sealed class BinaryFunction(ChannelWriter<string> received)
    {
        [Function("Binary")]
        public void Run([QueueTrigger("%QueueName%")] BinaryData message) =>
            Assert.True(received.TryWrite($"binary {message}"));
    }

    public sealed class MessageFunction(ChannelWriter<string> received)
    {
        [Function("Message")]
        public void Run([QueueTrigger("%QueueName%")] QueueMessage message) =>
            Assert.True(received.TryWrite($"message {message.DequeueCount}"));
    }

    public sealed class RecordFunction(ChannelWriter<string> received)
    {
        [Function("Record")]
        public void Run([QueueTrigger("%QueueName%")] Work message) =>
            Assert.True(received.TryWrite($"record {message.Name}"));
    }

    public sealed class FailingFunction(ChannelWriter<string> received)
    {
        [Function("Failing")]
        public void Run([QueueTrigger("%QueueName%")] QueueMessage message)
        {
            Assert.True(received.TryWrite($"{message.Body} {message.DequeueCount}"));
            throw new InvalidOperationException("always");
        }
    }

    public sealed record Work(string Name);
}
