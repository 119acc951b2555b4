using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;

namespace Yggdrasil.Tests.Providers;

/// <summary>Errors as vendors word them, and what each means here.</summary>
public class UpstreamErrorTests
{
    [Theory]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}""", "provider_credentials", FailureClass.NextProvider)]
    [InlineData(402, """{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}""", "provider_credentials", FailureClass.NextProvider)]
    [InlineData(429, """{"error":{"code":"insufficient_quota"}}""", "provider_rate_limited", FailureClass.NextProvider)]
    [InlineData(400, """{"error":{"message":"The model `x` has been decommissioned","code":"model_decommissioned"}}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(404, """{"error":{"message":"The model `x` does not exist or you do not have access to it.","code":"model_not_found"}}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(404, """{"error":"model \"llama9\" not found, try pulling it first"}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(404, """[{"error":{"code":404,"message":"models/x is not found for API version v1beta","status":"NOT_FOUND"}}]""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(400, """{"error":"registry.ollama.ai/library/x does not support tools"}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(403, """{"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported"}}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(400, """[{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}]""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(400, """{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed"}}""", "tool_use_failed", FailureClass.RetrySame)]
    [InlineData(413, """{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 8000, please reduce your message size","type":"tokens","code":"rate_limit_exceeded"}}""", "provider_rate_limited", FailureClass.NextProvider)]
    [InlineData(400, """{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 195000 + 8192 > 200000"}}""", "context_too_long", FailureClass.Stop)]
    [InlineData(400, """{"message":"Input is too long for requested model."}""", "context_too_long", FailureClass.Stop)]
    [InlineData(400, """{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}""", "context_too_long", FailureClass.Stop)]
    [InlineData(500, """{"error":{"code":500,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}""", "context_too_long", FailureClass.Stop)]
    [InlineData(400, """{"error":{"message":"This model's maximum prompt length is 131072 but the request contains 140000 tokens."}}""", "context_too_long", FailureClass.Stop)]
    [InlineData(422, """{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","input":1024}]},"type":"invalid_request_error","param":null,"code":null}""", "provider_rejected", FailureClass.Stop)]
    [InlineData(400, """{"error":{"message":"bad temperature","param":"temperature"}}""", "provider_rejected", FailureClass.Stop)]
    [InlineData(429, """{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}""", "provider_rate_limited", FailureClass.RetrySame)]
    [InlineData(429, "rate limit exceeded", "provider_rate_limited", FailureClass.RetrySame)]
    [InlineData(429, """{"message":"rate limit exceeded"}""", "provider_rate_limited", FailureClass.RetrySame)]
    [InlineData(529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", "provider_unavailable", FailureClass.RetrySame)]
    [InlineData(503, "<html><body>Service Unavailable</body></html>", "provider_unavailable", FailureClass.RetrySame)]
    [InlineData(500, """{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}""", "context_too_long", FailureClass.Stop)]
    [InlineData(400, """{"error":{"code":400,"message":"request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":4390,"n_ctx":4096}}""", "context_too_long", FailureClass.Stop)]
    [InlineData(400, """{"detail":"Model does not support tools"}""", "model_unavailable", FailureClass.NextProvider)]
    [InlineData(400, """{"error":["Input is too long for requested model."]}""", "context_too_long", FailureClass.Stop)]
    [InlineData(402, """{"error":{"message":"This request requires more credits, or fewer max_tokens.","code":402}}""", "provider_credentials", FailureClass.NextProvider)]
    [InlineData(422, """{"success":false,"errors":[{"code":5006,"message":"Error: oneOf at '/' not met"}]}""", "provider_rejected", FailureClass.Stop)]
    [InlineData(500, """{"error":null,"message":null}""", "provider_unavailable", FailureClass.RetrySame)]
    public void Error_is_of_its_class(int status, string body, string code, FailureClass failure)
    {
        var classified = ProviderFailures.FromStatus("p", status, UpstreamErrors.Read(body));

        Assert.Equal((code, failure), (classified.Code, classified.Failure));
    }

    [Fact]
    public void Reason_is_kept_bounded_and_without_secrets()
    {
        var key = "sk-proj-" + new string('a', 48);
        var error = UpstreamErrors.Read(
            $$$"""{"error":{"message":"Incorrect key {{{key}}} of ada@example.com. {{{new string('x', 1000)}}}","type":"invalid request\nerror","param":"messages[1].role","code":"invalid_value"}}""");

        var reason = ProviderFailures.FromStatus("p", 400, error).Reason!;

        Assert.Equal(("invalid_value", "invalid_request_error", "messages[1].role"), (reason.Code, reason.Type, reason.Param));
        Assert.Equal("invalid_value invalid_request_error messages[1].role", reason.Kind);
        Assert.Equal(300, reason.Message!.Length);
        Assert.DoesNotContain(key, reason.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ada@example.com", reason.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("my-own-gateway-key")]
    [InlineData("MY-OWN-GATEWAY-KEY")]
    public void Key_that_was_sent_is_in_no_part_of_the_reason_whatever_its_form(string repeated)
    {
        var key = new SentKey("my-own-gateway-key");
        var error = UpstreamErrors.Read(
            $$$"""{"error":{"message":"{{{new string('x', 290)}}} {{{repeated}}}","type":"{{{repeated}}}","param":"{{{repeated}}}","code":"{{{new string('c', 55)}}}{{{repeated}}}"}}""", key);

        Assert.All(
            new[] { error.Reason!.Message, error.Reason.Type, error.Reason.Param, error.Reason.Code, error.Reason.Kind },
            part => Assert.DoesNotContain("my-own", part, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Word_that_a_local_server_takes_for_a_key_stays_in_the_reason() =>
        Assert.Equal("EMPTY messages are refused.", UpstreamErrors.Read("""{"error":{"message":"EMPTY messages are refused."}}""", new SentKey("EMPTY")).Reason!.Message);

    [Fact]
    public void Wait_is_read_from_the_body()
    {
        var google = UpstreamErrors.Read("""[{"error":{"code":429,"message":"Quota.","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}]}}]""");
        var words = UpstreamErrors.Read("""{"error":{"message":"Rate limit reached. Please try again in 3.2s."}}""");

        Assert.Equal((3, 3.2), (google.RetryAfter?.TotalSeconds, words.RetryAfter?.TotalSeconds));
    }
}
