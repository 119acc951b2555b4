using System.Text;
using CsCheck;
using Yggdrasil.Protection;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tests.Security;

public sealed class ContentProtectorTests
{
    private static readonly ContentAddress Address = new("Work", "dev!alice", "run!run_1!0000000001", "Content");
    private static readonly byte[] Secret = "the canary"u8.ToArray();

    private readonly string _key = NewKey();

    [Fact]
    public void What_was_protected_is_read_again() =>
        Gen.Byte.Array[0, 10_000].Sample(content =>
        {
            var protector = Create(_key);
            return protector.Unprotect(protector.Protect(content, Address), Address).SequenceEqual(content);
        });

    [Fact]
    public void Envelope_holds_no_plain_text_and_differs_each_time()
    {
        var protector = Create(_key);
        var (one, other) = (protector.Protect(Secret, Address), protector.Protect(Secret, Address));

        Assert.Equal(-1, one.AsSpan().IndexOf(Secret));
        Assert.NotEqual(one, other);
    }

    public static TheoryData<string, string, string, string> OtherAddresses => new()
    {
        { "Cache", "dev!alice", "run!run_1!0000000001", "Content" },
        { "Work", "dev!bob", "run!run_1!0000000001", "Content" },
        { "Work", "dev!alice", "run!run_1!0000000002", "Content" },
        { "Work", "dev!alice", "run!run_1!0000000001", "Output" },
    };

    [Theory]
    [MemberData(nameof(OtherAddresses))]
    public void Value_moved_elsewhere_is_not_read(string table, string partition, string row, string property)
    {
        var protector = Create(_key);
        var envelope = protector.Protect(Secret, Address);

        Assert.Throws<ContentProtectionException>(() => protector.Unprotect(envelope, new(table, partition, row, property)));
    }

    [Fact]
    public void Value_with_any_bit_changed_is_not_read()
    {
        var protector = Create(_key);
        var envelope = protector.Protect(Secret, Address);

        for (var bit = 0; bit < envelope.Length * 8; bit++)
        {
            var changed = envelope.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<ContentProtectionException>(() => protector.Unprotect(changed, Address));
        }
    }

    [Fact]
    public void Value_cut_short_is_not_read()
    {
        var protector = Create(_key);
        var envelope = protector.Protect(Secret, Address);

        for (var length = 0; length < envelope.Length; length++)
        {
            Assert.Throws<ContentProtectionException>(() => protector.Unprotect(envelope.AsSpan(0, length), Address));
        }
    }

    [Fact]
    public void Previous_key_still_decrypts_and_the_newest_encrypts()
    {
        var rotated = Create(NewKey(), _key);

        Assert.Equal(Secret, rotated.Unprotect(Create(_key).Protect(Secret, Address), Address));
        var failure = Assert.Throws<ContentProtectionException>(() => Create(_key).Unprotect(rotated.Protect(Secret, Address), Address));
        Assert.Contains("Protection__PreviousKeys", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("c2hvcnQ=")]
    public void Key_that_is_none_fails_by_its_setting_without_its_value(string? key)
    {
        var failure = Assert.Throws<SecretUnavailableException>(() => Create(key).Protect(Secret, Address));

        Assert.Contains("Protection__Key", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(string.IsNullOrEmpty(key) ? "\0" : key, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_names_the_place_and_no_content()
    {
        var envelope = Create(_key).Protect(Secret, Address);
        envelope[^1] ^= 1;

        var failure = Assert.Throws<ContentProtectionException>(() => Create(_key).Unprotect(envelope, Address));

        Assert.Contains("Work/run!run_1!0000000001/Content", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Encoding.UTF8.GetString(Secret), failure.ToString(), StringComparison.Ordinal);
    }

    private static string NewKey() => TestKeys.New();

    private static ContentProtector Create(string? key, params string[] previous) => new(TestKeys.Ring(key, previous));
}
