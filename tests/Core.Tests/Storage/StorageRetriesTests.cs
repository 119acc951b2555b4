using System.Net;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

/// <summary>How long a request waits for storage that answers nobody, and for one that is only busy.</summary>
public sealed class StorageRetriesTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_that_is_not_answered_in_time_is_repeated_where_storage_answers_others(bool answersOthers)
    {
        using var server = new StallingServer();
        var table = server.Connect();
        server.Meanwhile = answersOthers ? () => table.GetEntityAsync<TableEntity>("p", "other") : () => Task.CompletedTask;
        StoragePatience.Limit();

        var read = await Record.ExceptionAsync(() => table.GetEntityAsync<TableEntity>("p", "stalled"));

        Assert.Equal(answersOthers, read is null);
        Assert.Equal(answersOthers ? 2 : 1, server.Asked);
    }

    [Fact]
    public async Task Write_that_is_not_answered_in_time_is_not_repeated_for_a_caller_who_waits()
    {
        using var server = new StallingServer();
        var table = server.Connect();
        server.Meanwhile = () => table.GetEntityAsync<TableEntity>("p", "other");
        StoragePatience.Limit();

        Assert.NotNull(await Record.ExceptionAsync(() => table.UpsertEntityAsync(new TableEntity("p", "stalled"))));
        Assert.Equal(1, server.Asked);
    }

    /// <summary>Answers everything but the first request for one row, which it leaves until its caller gives up.</summary>
    private sealed class StallingServer : HttpMessageHandler
    {
        private int _asked;

        public int Asked => _asked;

        /// <summary>What happens before the caller learns that its time is over.</summary>
        public Func<Task> Meanwhile { get; set; } = () => Task.CompletedTask;

        public TableClient Connect() => new(
            new Uri("http://127.0.0.1:1/account"), "Work", new TableSharedKeyCredential("account", Convert.ToBase64String(new byte[32])),
            StorageRetries.Bound(new TableClientOptions { Transport = new HttpClientTransport(new HttpClient(this) { Timeout = Timeout.InfiniteTimeSpan }) }));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.Contains("stalled", StringComparison.Ordinal) && Interlocked.Increment(ref _asked) == 1)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
                await Meanwhile();
                cancellationToken.ThrowIfCancellationRequested();
            }

            return new HttpResponseMessage(request.Method == HttpMethod.Get ? HttpStatusCode.OK : HttpStatusCode.NoContent)
            {
                Content = new StringContent("""{"PartitionKey":"p","RowKey":"r"}""", System.Text.Encoding.UTF8, "application/json"),
            };
        }
    }
}
