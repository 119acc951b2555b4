using System.ClientModel;
using System.ClientModel.Primitives;
using System.ComponentModel;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The .NET package of OpenAI, and Microsoft.Extensions.AI over it, unmodified.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class OpenAIDotNetTests(ContractFixture app)
{
    private int _calls;
    private int _made;

    [Fact]
    public async Task Chat_is_answered_whole_and_streamed()
    {
        var chat = await ClientAsync(_ => ModelReply.Text("It is 391."));

        ChatCompletion whole = await chat.CompleteChatAsync([new UserChatMessage("What is 17*23?")]);
        var streamed = "";
        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage("What is 17*23?")]))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
        }

        Assert.Equal(("It is 391.", "It is 391.", 2), (whole.Content[0].Text, streamed, _calls));
        Assert.Equal((18, "Stop"), (whole.Usage.TotalTokenCount, whole.FinishReason.ToString()));
    }

    [Fact]
    public async Task Tool_of_the_caller_is_made_once_by_the_function_loop()
    {
        using var chat = (await ClientAsync(Weather)).AsIChatClient().AsBuilder().UseFunctionInvocation().Build();

        var answer = await chat.GetResponseAsync("What is the weather in Rome?", new ChatOptions { Tools = [AIFunctionFactory.Create(Look, "weather")] });
        var streamed = "";
        await foreach (var update in chat.GetStreamingResponseAsync("What is the weather in Rome?", new ChatOptions { Tools = [AIFunctionFactory.Create(Look, "weather")] }))
        {
            streamed += update.Text;
        }

        // The package sends a result as JSON.
        Assert.Equal(("It is \"Rome: sunny\".", "It is \"Rome: sunny\".", 4, 2), (answer.Text, streamed, _calls, _made));
    }

    [Fact]
    public async Task Failure_is_the_packages_own_exception()
    {
        var chat = await ClientAsync(_ => ModelReply.Text(""), agent => agent + "x");
        var failure = await Assert.ThrowsAsync<ClientResultException>(async () => await chat.CompleteChatAsync([new UserChatMessage("Hi")]));
        Assert.Equal(404, failure.Status);
    }

    private static ModelReply Weather(ModelRequest request) => request.ToolResults.Count == 0
        ? ModelReply.ToolCalls(("weather", """{"city":"Rome"}"""))
        : ModelReply.Text($"It is {request.ToolResults[^1]}.");

    [Description("The weather.")]
    private string Look(string city)
    {
        _made++;
        return $"{city}: sunny";
    }

    private async Task<ChatClient> ClientAsync(Func<ModelRequest, ModelReply> answer, Func<string, string>? name = null)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref _calls);
            return answer(request);
        });
        var options = new OpenAIClientOptions { Endpoint = new Uri(app.Http.BaseAddress!, "v1"), RetryPolicy = new ClientRetryPolicy(maxRetries: 0) };
        return new OpenAIClient(new ApiKeyCredential("dev:alice"), options).GetChatClient(name?.Invoke(agent) ?? agent);
    }
}
