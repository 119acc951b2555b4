using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Tests.Users;

public sealed class ApiKeyTextTests
{
    [Fact]
    public void Keys_are_of_one_form_and_share_nothing()
    {
        var keys = Enumerable.Range(0, 100).Select(_ => ApiKeyText.Create()).ToList();

        Assert.All(keys, key => Assert.Matches("^ygk_[0-9a-f]{88}$", key.Text));
        Assert.All(keys, key => Assert.Matches("^key_[0-9a-f]{16}$", key.Id));
        Assert.Equal(100, keys.Select(key => key.Id).Distinct().Count());
        Assert.Equal(100, keys.Select(key => key.Text.Substring(20, 64)).Distinct().Count());
        Assert.All(keys, key => Assert.True(ApiKeyText.TryRead(key.Text, out var id) && id == key.Id));
    }

    [Fact]
    public void Key_with_any_character_changed_or_missing_is_told_by_its_form()
    {
        var text = ApiKeyText.Create().Text;

        for (var at = 0; at < text.Length; at++)
        {
            var changed = $"{text[..at]}{(text[at] == '0' ? '1' : '0')}{text[(at + 1)..]}";
            Assert.False(ApiKeyText.TryRead(changed, out _), changed);
            Assert.False(ApiKeyText.TryRead(text.Remove(at, 1), out _));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("ygk_")]
    [InlineData("key_0123456789abcdef")]
    public void Anything_else_is_no_key(string text) => Assert.False(ApiKeyText.TryRead(text, out _));

    [Fact]
    public void Key_in_other_case_or_with_more_behind_it_is_no_key()
    {
        var text = ApiKeyText.Create().Text;

        Assert.False(ApiKeyText.TryRead(text.ToUpperInvariant(), out _));
        Assert.False(ApiKeyText.TryRead(text + "0", out _));
        Assert.False(ApiKeyText.TryRead(text.Replace("ygk_", "ygk-", StringComparison.Ordinal), out _));
    }

    [Theory]
    [InlineData("key_0123456789abcdef", true)]
    [InlineData("key_0123456789abcdeF", false)]
    [InlineData("key_0123456789abcde", false)]
    [InlineData("apikey!0123456789abc", false)]
    [InlineData("key_0123456789abcd'e", false)]
    public void Ids_are_checked_before_storage_sees_them(string id, bool isId) => Assert.Equal(isId, ApiKeyText.IsId(id));
}
