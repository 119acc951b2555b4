using System.Text;
using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.ClientTools;

namespace Yggdrasil.Runs.Requests;

/// <summary>Settings of one run in addition to those of its agent. A limit can only lower the agent's limit.</summary>
public sealed record RunOverrides
{
    /// <summary>A run as its agent is.</summary>
    public static readonly RunOverrides None = new();

    private const int MaxInstructionBytes = 32 * 1024;

    /// <summary>Put before the caller's instructions, so that a model can tell them from the agent's.</summary>
    private const string Mark = "Instructions of the caller of this run. Those above come first where the two disagree:";

    /// <summary>Appended to the agent's instructions, marked as the caller's. At most 32 KiB of UTF-8.</summary>
    public string? Instructions { get; init; }

    /// <summary>The model, among those that the agent or else the setting <c>Agents__AllowedModels</c> names; null for the agent's.</summary>
    public string? Model { get; init; }

    /// <summary>The share of the likeliest words that the model chooses from, 0 to 1; null for the provider's default.</summary>
    public float? TopP { get; init; }

    /// <summary>Sampling temperature, 0 to 2; null for the agent's.</summary>
    public float? Temperature { get; init; }

    /// <summary>Upper bound of one answer's tokens, 1 to 1,000,000; the lower of this and the agent's counts.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Tool calls, 0 to 1000; the lower of this and the agent's counts.</summary>
    public int? MaxToolCalls { get; init; }

    /// <summary>How much the model reasons; null for the agent's.</summary>
    public EffortLevel? ReasoningEffort { get; init; }

    /// <summary>The schema of the answer. An agent with a schema of its own takes only the same.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>Whether the model may call tools, or has to; null leaves that to the model.</summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>With <see cref="ToolChoice.Required"/>: the tool of the agent or the caller that is to be called; null for any.</summary>
    public string? RequiredTool { get; init; }

    /// <summary>Days that the run is kept; null for as long as the agent's are.</summary>
    public int? RetentionDays { get; init; }

    internal void Validate(AgentDefinition agent, IReadOnlyList<ClientTool> clientTools, FieldErrors errors)
    {
        errors.Require(
            RequiredTool is not { } tool || agent.Tools.Contains(tool) || agent.McpTools?.Any(pin => pin.CalledAs == tool) == true || clientTools.Any(own => own.Name == tool), "toolChoice", "Names no tool of this run.");
        errors.Require(Encoding.UTF8.GetByteCount(Instructions ?? "") <= MaxInstructionBytes, "instructions", "At most 32 KiB of UTF-8.");
        errors.Require(
            Model is not { } model || model == agent.Model || agent.AllowedModels.Contains(model), "model",
            $"This agent runs with {string.Join(", ", agent.AllowedModels.Prepend(agent.Model).Distinct())}.");
        errors.Require(TopP is null or (>= 0 and <= 1), "topP", "Must be between 0 and 1.");
        AgentValidator.ValidateSampling(Temperature, MaxOutputTokens, MaxToolCalls, errors);
        AgentValidator.ValidateSchema(ResponseSchema, "responseSchema", errors);
        errors.Require(
            ResponseSchema is not { } asked || agent.ResponseSchema is not { } own || JsonElement.DeepEquals(asked, own),
            "responseSchema", "The agent answers by a schema of its own: leave this out, or send the same.");
    }

    /// <summary>The agent as this run has it.</summary>
    internal AgentDefinition ApplyTo(AgentDefinition agent) => this == None ? agent : agent with
    {
        Instructions = Instructions is not { Length: > 0 } said ? agent.Instructions
            : agent.Instructions is { Length: > 0 } own ? $"{own}\n\n{Mark}\n\n{said}" : said,
        Model = Model ?? agent.Model,
        Fallbacks = Model is null ? agent.Fallbacks : [.. agent.Fallbacks.Where(other => other != Model)],

        // All words, which is what models do anyway; some refuse to be told.
        TopP = TopP is 1 ? null : TopP ?? agent.TopP,
        Temperature = Temperature ?? agent.Temperature,
        MaxOutputTokens = Lower(MaxOutputTokens, agent.MaxOutputTokens),
        MaxToolCalls = Math.Min(MaxToolCalls ?? agent.MaxToolCalls, agent.MaxToolCalls),
        ReasoningEffort = ReasoningEffort ?? agent.ReasoningEffort,
        ResponseSchema = ResponseSchema ?? agent.ResponseSchema,
        ToolChoice = ToolChoice ?? agent.ToolChoice,
        RequiredTool = RequiredTool ?? agent.RequiredTool,
        RetentionDays = RetentionDays ?? agent.RetentionDays,
    };

    private static int? Lower(int? one, int? other) => one is null || other < one ? other : one;
}
