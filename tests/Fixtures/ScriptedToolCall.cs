namespace Yggdrasil.Fixtures;

/// <summary>A tool call in a request or a reply.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">JSON as sent; a reply may hold broken JSON on purpose.</param>
/// <param name="Id">The provider's id of the call; in a reply, absent means <c>call_request_index</c>.</param>
public sealed record ScriptedToolCall(string Name, string Arguments, string? Id = null);
