using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tests.Providers;

/// <summary>Declarations of the tools that provider tests offer.</summary>
internal static class TestTools
{
    public static AIFunctionDeclaration Calculator { get; } = Declare(
        "calculator", """{"type":"object","properties":{"expression":{"type":"string"}},"required":["expression"]}""");

    public static AIFunctionDeclaration Clock { get; } = Declare(
        "clock", """{"type":"object","properties":{"timeZone":{"type":"string"}},"required":["timeZone"]}""");

    public static AIFunctionDeclaration HttpGet { get; } = Declare(
        "http_get", """{"type":"object","properties":{"url":{"type":"string"}},"required":["url"]}""");

    public static AIFunctionDeclaration HttpPost { get; } = Declare(
        "http_post", """{"type":"object","properties":{"url":{"type":"string"},"body":{"type":"string"}},"required":["url","body"]}""");

    public static ChatOptions Offer(params AIFunctionDeclaration[] tools) => new() { Tools = [.. tools] };

    private static AIFunctionDeclaration Declare(string name, string schema) =>
        AIFunctionFactory.CreateDeclaration(name, $"The {name} tool.", JsonDocument.Parse(schema).RootElement);
}
