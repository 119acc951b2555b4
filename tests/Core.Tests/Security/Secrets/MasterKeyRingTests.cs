using System.Text;
using Yggdrasil.Protection;
using Yggdrasil.Protection.Secrets;
using static Yggdrasil.Tests.Security.Secrets.VaultFixture;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>Content under keys that come, go and change places while the app runs.</summary>
public sealed class MasterKeyRingTests
{
    private const string Secret = "content-protection-key";
    private static readonly ContentAddress Address = new("Work", "dev!alice", "run!run_1!0000000001", "Content");

    [Fact]
    public async Task Newest_version_encrypts_and_the_others_decrypt()
    {
        await using var app = await StartAsync();
        app.Vault.Set(Secret, TestKeys.New());
        await app.RefreshAsync();
        var protector = new ContentProtector(app.Keys);
        var old = protector.Protect("old"u8, Address);
        var oldKey = app.Keys.Current.Id;

        app.Vault.Set(Secret, TestKeys.New());
        await app.RefreshAsync();

        Assert.NotEqual(oldKey, app.Keys.Current.Id);
        Assert.Equal("old", Read(protector, old));
        Assert.Equal("new", Read(protector, protector.Protect("new"u8, Address)));
    }

    [Fact]
    public async Task Version_whose_time_has_not_come_decrypts_but_does_not_encrypt_yet()
    {
        await using var app = await StartAsync();
        var upcoming = TestKeys.New();
        var start = app.Time.GetUtcNow().AddMinutes(10);
        app.Vault.Set(Secret, TestKeys.New()).Set(Secret, upcoming, notBefore: start);
        await app.RefreshAsync();
        Assert.True(MasterKey.TryParse(upcoming, out var key));

        Assert.NotEqual(key.Id, app.Keys.Current.Id);
        Assert.True(app.Keys.TryGet(key.Id, out _));

        app.Time.Advance(TimeSpan.FromMinutes(10));
        await app.RefreshAsync();
        Assert.Equal(key.Id, app.Keys.Current.Id);
    }

    [Fact]
    public async Task Key_that_another_instance_got_first_is_fetched_when_its_content_is_read()
    {
        await using var app = await StartAsync();
        app.Vault.Set(Secret, TestKeys.New());
        await app.RefreshAsync();
        var key = TestKeys.New();
        var envelope = new ContentProtector(TestKeys.Ring(key)).Protect("theirs"u8, Address);
        app.Vault.Set(Secret, key);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        var protector = new ContentProtector(app.Keys);

        Assert.Throws<ContentProtectionException>(() => protector.Unprotect(envelope, Address));
        var content = await protector.UnprotectAsync(envelope, Address, CancellationToken.None);

        Assert.Equal("theirs", Encoding.UTF8.GetString(content));
    }

    [Fact]
    public async Task Key_that_nobody_knows_asks_the_vault_once_and_fails_clearly()
    {
        await using var app = await StartAsync();
        app.Vault.Set(Secret, TestKeys.New());
        await app.RefreshAsync();
        app.Time.Advance(TimeSpan.FromSeconds(10));
        var asked = app.Vault.Requests.Count;
        var protector = new ContentProtector(app.Keys);
        var envelope = new ContentProtector(TestKeys.Ring(TestKeys.New())).Protect("lost"u8, Address);

        for (var attempt = 0; attempt < 5; attempt++)
        {
            var failure = await Assert.ThrowsAsync<ContentProtectionException>(
                () => protector.UnprotectAsync(envelope, Address, CancellationToken.None).AsTask());
            Assert.Contains("its key is unknown", failure.Message, StringComparison.Ordinal);
        }

        // The listing of one version, and the two API keys.
        Assert.Equal(asked + 3, app.Vault.Requests.Count);
    }

    [Fact]
    public async Task Setting_encrypts_and_versions_of_the_vault_decrypt_beside_it()
    {
        var (setting, previous) = (TestKeys.New(), TestKeys.New());
        await using var app = await StartAsync(null, ("Protection:Key", setting), ("Protection:PreviousKeys:0", previous));
        var inVault = TestKeys.New();
        app.Vault.Set(Secret, inVault);
        await app.RefreshAsync();
        var protector = new ContentProtector(app.Keys);

        Assert.True(MasterKey.TryParse(setting, out var key));
        Assert.Equal(key.Id, app.Keys.Current.Id);
        Assert.All([setting, previous, inVault], text =>
            Assert.Equal("x", Read(protector, new ContentProtector(TestKeys.Ring(text)).Protect("x"u8, Address))));
    }

    [Fact]
    public async Task Version_that_is_no_key_is_passed_over_and_logged_without_its_value()
    {
        await using var app = await StartAsync();
        var good = TestKeys.New();
        app.Vault.Set(Secret, good).Set(Secret, "pasted by mistake");
        await app.RefreshAsync();

        Assert.True(MasterKey.TryParse(good, out var key));
        Assert.Equal(key.Id, app.Keys.Current.Id);
        Assert.Contains(app.Log.Lines, line => line.StartsWith("Error: Version v2 of secret content-protection-key", StringComparison.Ordinal));
        Assert.DoesNotContain(app.Log.Lines, line => line.Contains("mistake", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Disabled_version_no_longer_decrypts()
    {
        await using var app = await StartAsync();
        app.Vault.Set(Secret, TestKeys.New());
        await app.RefreshAsync();
        var protector = new ContentProtector(app.Keys);
        var envelope = protector.Protect("old"u8, Address);

        app.Vault.Set(Secret, TestKeys.New());
        app.Vault.Disable(Secret, "v1");
        await app.RefreshAsync();

        Assert.Throws<ContentProtectionException>(() => protector.Unprotect(envelope, Address));
    }

    [Fact]
    public async Task Before_the_vault_has_answered_nothing_is_encrypted_and_the_failure_says_why()
    {
        await using var app = await StartAsync();

        var failure = Assert.Throws<SecretUnavailableException>(() => new ContentProtector(app.Keys).Protect("x"u8, Address));
        Assert.Equal(
            "Protection__Key (in Key Vault: content-protection-key) is not available: the vault has not answered yet.", failure.Message);

        await app.RefreshAsync();
        var absent = Assert.Throws<SecretUnavailableException>(() => app.Keys.Current);
        Assert.EndsWith("neither place holds a usable key.", absent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reloaded_key_is_in_force_at_once_and_one_that_is_none_leaves_the_keys_of_before()
    {
        var (first, second) = (TestKeys.New(), TestKeys.New());
        await using var app = await StartAsync(null, ("Protection:Key", first));
        var before = app.Keys.Current.Id;

        app.Reload("Protection:PreviousKeys:0", first);
        app.Reload("Protection:Key", second);
        var after = app.Keys.Current.Id;
        app.Reload("Protection:Key", "no key at all");

        Assert.NotEqual(before, after);
        Assert.True(app.Keys.TryGet(before, out _));
        Assert.Equal(after, app.Keys.Current.Id);
        Assert.DoesNotContain(app.Log.Lines, line => line.Contains("no key at all", StringComparison.Ordinal));
    }

    private static string Read(ContentProtector protector, byte[] envelope) =>
        Encoding.UTF8.GetString(protector.Unprotect(envelope, Address));
}
