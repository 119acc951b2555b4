using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.ClientTools;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>Answers of callers to the calls of their own tools.</summary>
public sealed class ToolResultFunctions(ClientToolService tools)
{
    [Function(nameof(AnswerToolCall))]
    public async Task<IResult> AnswerToolCall(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/runs/{id}/tool-results/{callId}")] HttpRequest request,
        string id,
        string callId,
        [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request, RequestScope.UserId);
        var (hasFailed, text) = Parse(await RequestBody.ReadAsync(request));
        var scope = request.Scope();
        var run = await tools.AnswerAsync(scope, id, callId, hasFailed, text, request.HttpContext.RequestAborted);
        return Answers.Json(RunDocument.From(run, scope.ToQuery()));
    }

    /// <exception cref="InvalidRequestException">The body is no answer; every mistake is named.</exception>
    private static (bool HasFailed, string Text) Parse(ReadOnlyMemory<byte> body)
    {
        var json = RequestBody.ParseObject(body);
        var fields = new JsonFields(json, new FieldErrors());
        var error = fields.String("error");
        _ = fields.Get("result");

        // A result of null is one: a tool may have nothing to say.
        var hasResult = json.TryGetProperty("result", out var result);
        fields.Errors.Require(hasResult != error is not null, "result", "Is required: what the tool said, or else the error that it failed with.");
        fields.Errors.Require(error is null or { Length: > 0 }, "error", "Must not be empty.");
        fields.RejectOthers();
        var text = error ?? (!hasResult ? "" : TextOf(result, fields));
        fields.Errors.ThrowIfAny();
        return (error is not null, text);
    }

    private static string TextOf(JsonElement result, JsonFields fields)
    {
        if (result.ValueKind != JsonValueKind.String)
        {
            return result.GetRawText();
        }

        fields.Errors.Require(JsonFields.TryGetText(result, out var text), "result", "Must be valid Unicode.");
        return text;
    }
}
