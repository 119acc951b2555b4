using System.Diagnostics.CodeAnalysis;

namespace Yggdrasil.Tools;

/// <summary>
/// Every tool that agents of this host may name. Built once, from all registered <see cref="AgentTool"/>s.
/// </summary>
public sealed class ToolCatalog
{
    private readonly Dictionary<string, AgentTool> _byName = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">
    /// A tool's name is not <c>[a-z0-9_]{1,64}</c>, or two share one.
    /// </exception>
    public ToolCatalog(IEnumerable<AgentTool> tools)
    {
        ArgumentNullException.ThrowIfNull(tools);
        foreach (var tool in tools)
        {
            if (!ToolName.IsValid(tool.Name))
            {
                throw new InvalidOperationException($"The tool name '{tool.Name}' is not allowed: {ToolName.Rule}.");
            }

            if (!_byName.TryAdd(tool.Name, tool))
            {
                throw new InvalidOperationException(
                    $"Two tools are named '{tool.Name}'; models tell tools apart by name, so each needs its own.");
            }
        }

        All = [.. _byName.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)];
    }

    /// <summary>All tools, in ordinal order of their names.</summary>
    public IReadOnlyCollection<AgentTool> All { get; }

    /// <summary>Finds a tool by its exact, case-sensitive name.</summary>
    public bool TryGet(string name, [MaybeNullWhen(false)] out AgentTool tool) => _byName.TryGetValue(name, out tool);
}
