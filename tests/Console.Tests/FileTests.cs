using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Console.Tests;

/// <summary>The console's files, as they are in the checkout and as the host serves them. No browser is needed.</summary>
[Collection(SharedConsole.Name)]
public sealed partial class FileTests(ConsoleHost app)
{
    private const int MaxCompressedBytes = 150_000;
    private const string Versions = "vendor/versions.json";

    private static readonly string Root = Checkout.PathOf("src", "Functions", "Console", "wwwroot");

    private static readonly IReadOnlyList<string> Names =
        [.. Directory.GetFiles(Root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Files => [.. Names];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task File_is_served_with_its_type_and_what_guards_it(string file)
    {
        using var response = await app.Plain.GetAsync(new Uri($"/console/{file}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Root, file)), await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(
            Path.GetExtension(file) switch { ".html" => "text/html", ".js" => "text/javascript", ".css" => "text/css", ".svg" => "image/svg+xml", ".json" => "application/json", _ => "text/plain" },
            response.Content.Headers.ContentType!.MediaType);
        AssertGuarded(response);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/console")]
    public async Task Address_without_a_page_leads_to_the_console(string path)
    {
        using var response = await app.Plain.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal((HttpStatusCode.Found, "/console/"), (response.StatusCode, response.Headers.Location?.ToString()));
    }

    [Theory]
    [InlineData("/console/nothing.js")]
    [InlineData("/console/..%2Fhost.json")]
    [InlineData("/console/vendor/..%2F..%2F..%2Fhost.json")]
    [InlineData("/console/vendor/")]
    public async Task File_that_is_not_there_is_404(string path)
    {
        using var response = await app.Plain.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task File_that_the_browser_has_is_not_sent_again()
    {
        using var first = await app.Plain.GetAsync(new Uri("/console/", UriKind.Relative));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var again = await app.Plain.SendAsync(request);

        Assert.Equal("no-cache", first.Headers.CacheControl!.ToString());
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        AssertGuarded(again);
    }

    [Fact]
    public async Task Compressed_form_has_a_tag_of_its_own_and_is_sent_to_those_alone_who_take_it()
    {
        using var plain = await GetAsync("index.html", "gzip");
        using var refused = await GetAsync("index.html", "br;q=0");
        using var compressed = await GetAsync("index.html", "gzip, br");

        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Empty(refused.Content.Headers.ContentEncoding);
        Assert.Equal(["br"], compressed.Content.Headers.ContentEncoding);
        Assert.NotEqual(plain.Headers.ETag, compressed.Headers.ETag);
        Assert.Contains("Accept-Encoding", compressed.Headers.Vary);
    }

    [Fact]
    public async Task All_of_it_is_small()
    {
        var size = 0L;
        foreach (var file in Names)
        {
            using var response = await GetAsync(file, "br");
            size += (await response.Content.ReadAsByteArrayAsync()).Length;
        }

        Assert.InRange(size, 20_000, MaxCompressedBytes);
    }

    [Fact]
    public void What_others_wrote_is_what_its_record_says()
    {
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, Versions)));
        var recorded = record.RootElement.EnumerateArray()
            .ToDictionary(entry => entry.Text("file"), entry => entry.Text("sha256"));

        var found = Directory.GetFiles(Path.Combine(Root, "vendor"))
            .Where(path => Path.GetExtension(path) is ".js" or ".css")
            .ToDictionary(path => Path.GetFileName(path), path => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));

        Assert.Equal(recorded.OrderBy(pair => pair.Key), found.OrderBy(pair => pair.Key));
        Assert.All(record.RootElement.EnumerateArray(), entry => Assert.All(["package", "version", "path", "license"], name => Assert.NotEmpty(entry.Text(name))));
    }

    /// <summary>What was written by models, tools and users is to be text; what makes markup or code of text is not used at all.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Own_file_makes_no_markup_or_code_of_text_and_keeps_no_token(string file)
    {
        if (!file.StartsWith("vendor/", StringComparison.Ordinal))
        {
            var text = File.ReadAllText(Path.Combine(Root, file));

            Assert.DoesNotMatch(Dangerous(), text);
            Assert.DoesNotContain("localStorage", text, StringComparison.Ordinal);
            Assert.Equal(file == "app/sign-in.js", text.Contains("sessionStorage", StringComparison.Ordinal));
        }
    }

    private async Task<HttpResponseMessage> GetAsync(string file, string encoding)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/console/{file}");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", encoding);
        return await app.Plain.SendAsync(request);
    }

    private static void AssertGuarded(HttpResponseMessage response)
    {
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; "
                + "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
    }

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|DOMParser|createContextualFragment|\beval\(|new Function|setTimeout\(['""`]|\son[a-z]+=[""']|<script>|<style|javascript:")]
    private static partial Regex Dangerous();
}
