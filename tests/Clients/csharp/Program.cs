// A client that is typed by the contract alone: a run with a sub-agent and an approval, and a fork of it.
using System.Text.Json;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;
using Yggdrasil.Client;
using Yggdrasil.Client.Models;

var (baseUrl, effectUrl) = (args[0], args[1]);
using var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider()) { BaseUrl = baseUrl };
var client = new YggdrasilClient(adapter);

await client.Api.Agents["cs-researcher"].PutAsync(new AgentDefinition { Model = "openai:scripted", Description = "Finds things out." });
await client.Api.Agents["cs-lead"].PutAsync(new AgentDefinition
{
    Model = "openai:scripted",
    Tools = ["agent:cs-researcher", "http_post"],
    Approvals = ["http_post"],
    OnApprovalExpired = ApprovalExpiry.Deny,
});

var accepted = await client.Api.Agents["cs-lead"].Runs.PostAsync(
    new StartRun
    {
        Input = new Input { InputMessage = [new InputMessage { Role = InputMessage_role.User, Content = effectUrl }] },
        Metadata = new Metadata { AdditionalData = { ["ticket"] = "A-17" } },
    },
    request => request.Headers.Add("Idempotency-Key", "cs-1"));
var waiting = await UntilAsync(accepted!.Id!, run => run is { Status: RunStatus.Waiting, PendingApprovals.Count: > 0 });
var call = waiting.PendingApprovals![0];
await client.Api.Runs[waiting.Id!].Approvals[call.CallId!].PostAsync(
    new ApprovalDecision { Decision = ApprovalDecision_decision.Approve, ArgumentsHash = call.ArgumentsHash });
var ended = await UntilAsync(waiting.Id!, run => run.CompletedAt is not null);

var steps = (await client.Api.Runs[ended.Id!].Steps.GetAsync())!.Items!;
var child = await client.Api.Runs[steps.First(step => step.ChildRun is not null).ChildRun!].GetAsync();
var fork = await client.Api.Runs[ended.Id!].Fork.PostAsync(
    new ForkRun { FromTurn = 3 }, request => request.Headers.Add("Prefer", "wait=60"));
var forked = await UntilAsync(fork!.Id!, run => run.CompletedAt is not null);

string? refused;
try
{
    await client.Api.Runs["run_unknown"].GetAsync();
    refused = null;
}
catch (Problem problem)
{
    refused = problem.Code is ProblemCode.Not_found ? "not_found" : problem.Detail;
}

Console.WriteLine(JsonSerializer.Serialize(new
{
    approvedBy = steps.First(step => step.Approval is not null).Approval!.Decision?.ToString(),
    status = ended.Status?.ToString(),
    output = ended.Output,
    ticket = ended.Metadata!.AdditionalData["ticket"].ToString(),
    childOfRun = child!.Parent?.RunId == ended.Id,
    forkOfRun = forked.ForkedFrom?.Id == ended.Id,
    forkOutput = forked.Output,
    refused,
}));

async Task<Run> UntilAsync(string id, Func<Run, bool> isThere)
{
    while (true)
    {
        var run = (await client.Api.Runs[id].GetAsync())!;
        if (isThere(run))
        {
            return run;
        }

        await Task.Delay(50);
    }
}
