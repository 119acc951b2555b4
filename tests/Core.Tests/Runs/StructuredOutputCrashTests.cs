using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Answers that do not fit the agent's schema, in a journal that outlives its driver.</summary>
[Collection(RunsAzurite.Name)]
public sealed class StructuredOutputCrashTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Crash_after_the_request_to_mend_makes_neither_call_again()
    {
        var owner = DriverFixture.NewOwner();
        var dying = Worker(owner, new ScriptedModels(Says("no JSON"), Fails(new InvalidOperationException("the process dies"))));
        var run = await dying.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => dying.AdvanceAsync(run));

        var models = new ScriptedModels(Says("""{"total":1}"""));
        var ended = await Worker(owner, models).FinishAsync(run);

        Assert.Equal((RunStatus.Completed, 2), (ended.Status, ended.Turns));
        Assert.Equal(1, ended.StructuredOutput!.Value.GetProperty("total").GetInt32());
        Assert.Contains("is not JSON", Assert.Single(models.Prompts)[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_after_a_crash_is_not_mended_a_second_time()
    {
        var owner = DriverFixture.NewOwner();
        var dying = Worker(owner, new ScriptedModels(Says("no JSON"), Fails(new InvalidOperationException("the process dies"))));
        var run = await dying.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => dying.AdvanceAsync(run));

        var models = new ScriptedModels(Says("still no JSON"));
        var ended = await Worker(owner, models).FinishAsync(run);

        Assert.Equal((RunStatus.Failed, StopReason.ProviderError, "invalid_output"), (ended.Status, ended.StopReason, ended.Error!.Code));
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task Errors_are_kept_and_are_content_in_storage()
    {
        const string Canary = "canary-property";
        var worker = Worker(DriverFixture.NewOwner(), new ScriptedModels(Says($$"""{"{{Canary}}":1}""")));

        var ended = await worker.FinishAsync(await worker.StartAsync());

        Assert.Contains($"'{Canary}' is not in the schema.", ended.Error!.Message, StringComparison.Ordinal);
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var rows = await table.QueryAsync<TableEntity>(RowKeys.RangeOf(worker.Owner.Partition, RowKeys.Run(ended.Id))).ToListAsync();
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.DoesNotContain(((IDictionary<string, object>)row).Values.OfType<string>(), text => text.Contains(Canary, StringComparison.Ordinal)));
    }

    private DriverFixture Worker(Owner owner, ScriptedModels models)
    {
        var worker = new DriverFixture(azurite, models, new TestTools(), owner);
        worker.Agent = worker.Agent with
        {
            ResponseSchema = System.Text.Json.JsonElement.Parse(
                """{"type":"object","required":["total"],"properties":{"total":{"type":"integer"}},"additionalProperties":false}"""),
        };
        return worker;
    }
}
