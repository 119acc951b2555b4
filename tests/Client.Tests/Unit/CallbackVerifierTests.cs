using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Yggdrasil.Client.Tests;

/// <summary>Callbacks that are believed, and those that are not. The signatures are made by a library of Standard Webhooks.</summary>
public sealed class CallbackVerifierTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";
    private const string Body = """{"type":"run.completed","timestamp":"2026-01-31T12:00:00Z","data":{"id":"run_1","status":"completed","stopReason":"completed"}}""";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.Parse("2026-01-31T12:00:00Z", null));

    [Fact]
    public void Message_that_a_foreign_library_signed_is_read()
    {
        var message = Verify(Body, Signed(Body));

        Assert.Equal(("run.completed", "run_1", "completed", "completed"), (message.Type, message.Data.Id, message.Data.Status, message.Data.StopReason));
    }

    [Theory]
    [InlineData("")]
    [InlineData("v1,AAAA ")]
    [InlineData("v1a,AAAA v2 v1, ")]
    public void One_signature_of_several_is_enough(string before)
    {
        var headers = Signed(Body);
        headers[CallbackVerifier.SignatureHeader] = before + headers[CallbackVerifier.SignatureHeader];

        Assert.Equal("run_1", Verify(Body, headers).Data.Id);
    }

    [Fact]
    public void Other_body_is_not_believed() => Refuse(Body.Replace("completed", "failed", StringComparison.Ordinal), Signed(Body));

    [Fact]
    public void Other_secret_is_not_believed() => Refuse(Body, Signed(Body, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));

    [Theory]
    [InlineData(301)]
    [InlineData(-301)]
    public void Old_and_early_messages_are_not_believed(int seconds)
    {
        var headers = Signed(Body);
        _time.AdjustTime(_time.GetUtcNow().AddSeconds(seconds));
        Refuse(Body, headers);
    }

    [Theory]
    [InlineData(CallbackVerifier.IdHeader, "msg_2")]
    [InlineData(CallbackVerifier.IdHeader, null)]
    [InlineData(CallbackVerifier.TimestampHeader, "1769860801")]
    [InlineData(CallbackVerifier.TimestampHeader, "99999999999999999999")]
    [InlineData(CallbackVerifier.TimestampHeader, "9223372036854775807")]
    [InlineData(CallbackVerifier.TimestampHeader, "-1")]
    [InlineData(CallbackVerifier.TimestampHeader, null)]
    [InlineData(CallbackVerifier.SignatureHeader, "")]
    [InlineData(CallbackVerifier.SignatureHeader, "v1,")]
    [InlineData(CallbackVerifier.SignatureHeader, "v1,not Base64")]
    public void Changed_headers_are_not_believed(string name, string? value)
    {
        var headers = Signed(Body);
        headers[name] = value;
        Refuse(Body, headers);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Signed_body_that_is_no_message_is_refused(string body) => Refuse(body, Signed(body));

    [Theory]
    [InlineData("whsec_")]
    [InlineData("whsec_AAAA")]
    [InlineData("whsec_not Base64 at all, but long enough")]
    public void Secret_that_is_none_is_refused(string secret) => Assert.Throws<ArgumentException>(() => new CallbackVerifier(secret));

    private void Refuse(string body, Dictionary<string, string?> headers) => Assert.Throws<CallbackVerificationException>(() => Verify(body, headers));

    private CallbackMessage Verify(string body, Dictionary<string, string?> headers) =>
        new CallbackVerifier(Secret, _time).Verify(Encoding.UTF8.GetBytes(body), headers.GetValueOrDefault);

    private Dictionary<string, string?> Signed(string body, string secret = Secret)
    {
        var signature = new StandardWebhooks.StandardWebhook(secret).Sign("msg_1", _time.GetUtcNow(), body);
        return new()
        {
            [CallbackVerifier.IdHeader] = "msg_1",
            [CallbackVerifier.TimestampHeader] = $"{_time.GetUtcNow().ToUnixTimeSeconds()}",
            [CallbackVerifier.SignatureHeader] = signature,
        };
    }
}
