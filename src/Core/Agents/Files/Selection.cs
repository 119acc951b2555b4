using YamlDotNet.RepresentationModel;

namespace Yggdrasil.Agents.Files;

/// <summary>A field that chooses among what there is: <c>true</c> or nothing for all, <c>false</c> for none, <c>exclude: […]</c>, or a list of names.</summary>
internal static class Selection
{
    public static IEnumerable<(string Name, int Line)> Read(YamlFields fields, string field, IReadOnlyList<string> all)
    {
        var line = fields.LineOf(field);
        switch (fields.Node(field))
        {
            case null:
                return all.Select(name => (name, line));
            case YamlSequenceNode:
                return fields.Texts(field);
            case YamlMappingNode:
                var filter = fields.Object(field)!;
                var left = filter.Texts("exclude");
                foreach (var (name, _) in left.Where(item => !all.Contains(item.Text)))
                {
                    filter.Fault("exclude", $"There is no \"{name}\"{(all.Count > 0 ? $" among {string.Join(", ", all)}" : "")}.");
                }

                filter.RejectOthers();
                return all.Except(left.Select(item => item.Text)).Select(name => (name, line));
            case { } node when YamlFields.AsFlag(node) is { } flag:
                return flag ? all.Select(name => (name, line)) : [];
            default:
                fields.Fault(field, "Must be true, false, a list of names, or have the field exclude.");
                return [];
        }
    }
}
