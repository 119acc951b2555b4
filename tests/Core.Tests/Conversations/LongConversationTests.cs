using Azure.Core;
using Azure.Core.Pipeline;
using Yggdrasil.Agents;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Conversations.ConversationFixture;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Conversations;

/// <summary>Turn 200 costs what turn 1 did: requests to storage, and bytes both ways.</summary>
[Collection(WorkAzurite.Name)]
public sealed class LongConversationTests(AzuriteFixture azurite)
{
    private const int Turns = 200;

    private readonly ConversationFixture _talk = new(azurite);

    [Fact]
    public async Task Turn_200_costs_what_turn_1_did_where_one_instance_serves_them_all()
    {
        var traffic = new Traffic();
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("An answer of a few words.")), _talk.Tools, _talk.Owner, policy: traffic);
        List<(int Requests, long Bytes)> costs = [];
        for (var turn = 1; turn <= Turns; turn++)
        {
            await worker.WarmUpAsync();
            costs.Add(await traffic.OfAsync(() => TurnAsync(worker)));
        }

        // The first turn reads that there is no conversation yet, and nothing used.
        Assert.Equal(costs[0].Requests - 2, costs[^1].Requests);
        Assert.InRange(costs[^1].Bytes, 1, costs[0].Bytes * 1.2);
        Assert.InRange(costs.Skip(1).Max(cost => cost.Bytes), 1, costs[1].Bytes * 1.2);
        Assert.Equal(Turns * 2, (await _talk.MessagesAsync(worker)).Count);
    }

    [Fact]
    public async Task Turn_on_an_instance_that_knows_nothing_costs_the_same_once_the_window_is_full()
    {
        List<(int Requests, long Bytes)> costs = [];
        for (var turn = 1; turn <= Turns; turn++)
        {
            var traffic = new Traffic();
            var worker = new DriverFixture(azurite, new ScriptedModels(Says("An answer of a few words.")), _talk.Tools, _talk.Owner, policy: traffic)
            {
                Agent = new AgentDefinition { Model = "scripted:one", Context = new ContextPolicy(256) },
            };
            await worker.Storage.GetWorkTableAsync(CancellationToken.None);
            costs.Add(await traffic.OfAsync(() => TurnAsync(worker)));
        }

        Assert.Equal(costs[1].Requests, costs[^1].Requests);
        Assert.InRange(costs.TakeLast(20).Max(cost => cost.Bytes), 1, costs.Take(40).Max(cost => cost.Bytes) * 1.2);
    }

    /// <summary>Counts what goes over the wire.</summary>
    private sealed class Traffic : HttpPipelinePolicy
    {
        private int _requests;
        private long _bytes;

        public async Task<(int Requests, long Bytes)> OfAsync(Func<Task<Run>> work)
        {
            var (requests, bytes) = (_requests, Interlocked.Read(ref _bytes));
            await work();
            return (_requests - requests, Interlocked.Read(ref _bytes) - bytes);
        }

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            await ProcessNextAsync(message, pipeline);
            Count(message);
        }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            ProcessNext(message, pipeline);
            Count(message);
        }

        private void Count(HttpMessage message)
        {
            Interlocked.Increment(ref _requests);
            var sent = message.Request.Content is { } content && content.TryComputeLength(out var length) ? length : 0;
            Interlocked.Add(ref _bytes, sent + message.Request.Uri.ToString().Length + (message.Response.ContentStream?.Length ?? 0));
        }
    }
}
