using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Tests.Notifications.Callbacks;

public sealed class CallbackSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    private static readonly DateTimeOffset SentAt = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    [Fact]
    public void Signature_is_that_of_the_specifications_test_vector() =>
        Assert.Equal(Signature, Sign(Secret));

    [Fact]
    public void Each_valid_secret_signs()
    {
        var other = CallbackSecret.New();

        Assert.Equal($"{Sign(other)} {Signature}", Sign(other, Secret));
        Assert.NotEqual(Signature, Sign(other));
    }

    [Fact]
    public void Made_secret_is_valid_and_never_the_same() =>
        Assert.True(CallbackSecret.IsValid(CallbackSecret.New()) && CallbackSecret.New() != CallbackSecret.New());

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_")]
    [InlineData("whsec_c2hvcnQ=")]
    [InlineData("whsec_not Base64!")]
    [InlineData("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    public void Text_that_is_no_secret_is_refused(string? secret) => Assert.False(CallbackSecret.IsValid(secret));

    [Fact]
    public void Secret_of_more_than_64_bytes_is_refused()
    {
        Assert.True(CallbackSecret.IsValid($"whsec_{Convert.ToBase64String(new byte[64])}"));
        Assert.False(CallbackSecret.IsValid($"whsec_{Convert.ToBase64String(new byte[65])}"));
        Assert.False(CallbackSecret.IsValid($"whsec_{Convert.ToBase64String(new byte[100_000])}"));
    }

    private static string Sign(params string[] secrets) =>
        CallbackSignature.Sign(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", SentAt, "{\"test\": 2432232314}");
}
