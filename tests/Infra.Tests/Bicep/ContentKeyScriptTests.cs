namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The hook that makes the first content key, with a scripted <c>az</c> in place of Azure's.</summary>
public sealed class ContentKeyScriptTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("yggdrasil-key-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Vault_without_a_key_gets_one_of_32_random_bytes_that_is_in_no_argument_and_no_file_afterwards()
    {
        var result = await RunAsync(known: "");

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        var value = await File.ReadAllTextAsync(PathOf("value"));
        Assert.Equal(32, Convert.FromBase64String(value).Length);
        var calls = await File.ReadAllTextAsync(PathOf("calls"));
        Assert.Contains("keyvault secret set --vault-name kv-test --name content-protection-key --file ", calls, StringComparison.Ordinal);
        Assert.DoesNotContain(value, calls, StringComparison.Ordinal);
        var file = calls.Split("--file ")[1].Split(' ')[0];
        Assert.False(File.Exists(file), file);
    }

    [Fact]
    public async Task Key_that_is_there_is_left_alone()
    {
        var result = await RunAsync(known: "content-protection-key");

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.DoesNotContain("secret set", await File.ReadAllTextAsync(PathOf("calls")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("content-protection-key", false)]
    public async Task Vault_that_is_closed_to_this_network_gets_its_key_by_way_of_the_resource_manager(string known, bool written)
    {
        var result = await RunAsync(known, closed: "/subscriptions/s/vaults/kv-test");

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        var calls = await File.ReadAllTextAsync(PathOf("calls"));
        Assert.DoesNotContain("keyvault secret", calls, StringComparison.Ordinal);
        Assert.Equal(written, calls.Contains("--url /subscriptions/s/vaults/kv-test/secrets/content-protection-key?", StringComparison.Ordinal));
        if (written)
        {
            var body = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(PathOf("value")))!;
            var value = body["properties"]!["value"]!.GetValue<string>();
            Assert.Equal(32, Convert.FromBase64String(value).Length);
            Assert.DoesNotContain(value, calls, StringComparison.Ordinal);
            Assert.False(File.Exists(calls.Split("--body @")[1].Split(' ')[0]));
        }
    }

    [Fact]
    public async Task Without_a_vault_nothing_is_done()
    {
        var result = await RunAsync(known: "", vault: "");
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(File.Exists(PathOf("calls")));
    }

    private async Task<ToolResult> RunAsync(string known, string vault = "kv-test", string closed = "")
    {
        var az = PathOf("az");
        await File.WriteAllTextAsync(az, $"""
            #!/bin/sh
            echo "$@" >> '{PathOf("calls")}'
            case "$*" in
              *"keyvault show"*) printf '%s' '{closed}' ;;
              *"--method get"*) printf '%s' '{known}' ;;
              *"--method put"*) cat "$(printf '%s' "$7" | cut -c2-)" > '{PathOf("value")}' ;;
              *"secret list"*) printf '%s' '{known}' ;;
              *"secret set"*) cat "$9" > '{PathOf("value")}' ;;
            esac
            """.ReplaceLineEndings("\n"));
        await Tool.RunAsync("chmod", ["+x", az]);
        return await Tool.RunAsync("sh", [Repository.PathOf("infra", "scripts", "ensure-content-key.sh")], environment: new Dictionary<string, string>
        {
            ["PATH"] = $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
            ["AZURE_KEY_VAULT_NAME"] = vault,
        });
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
