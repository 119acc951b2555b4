using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Agents.Files;

/// <summary>Reads the fields of a YAML mapping by name. What is not asked for is unknown.</summary>
internal sealed class YamlFields
{
    /// <summary>Longer lists are not read.</summary>
    public const int MaxItems = 256;

    private readonly FileFaults _faults;
    private readonly string _prefix;
    private readonly Func<string, int, string> _expand;
    private readonly Dictionary<string, (YamlNode Node, int Line)> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    /// <param name="mapping">The fields.</param>
    /// <param name="faults">Gets what is wrong with them.</param>
    /// <param name="expand">Puts settings in the place of their names in a text that stands on a line.</param>
    /// <param name="prefix">Put before each name in messages.</param>
    public YamlFields(YamlMappingNode mapping, FileFaults faults, Func<string, int, string> expand, string prefix = "")
    {
        (_faults, _expand, _prefix, Line) = (faults, expand, prefix, LineOf(mapping));
        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { Length: > 0 } name })
            {
                _nodes[name] = (value, LineOf(key));
            }
            else
            {
                _faults.Add(LineOf(key), "The name of a field must be a text.");
            }
        }
    }

    public int Line { get; }

    public bool Has(string name) => Node(name) is not null;

    /// <summary>The value of a field; null where it is not there, or empty.</summary>
    public YamlNode? Node(string name)
    {
        _known.Add(name);
        return _nodes.TryGetValue(name, out var found) && found.Node is not YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } ? found.Node : null;
    }

    /// <summary>The line of a field; where it is not there, the first line.</summary>
    public int LineOf(string name) => _nodes.TryGetValue(name, out var found) ? found.Line : 1;

    public string? Text(string name) => Node(name) switch
    {
        null => null,
        YamlScalarNode scalar => _expand(scalar.Value ?? "", LineOf(name)),
        _ => Wrong<string>(name, "Must be a text."),
    };

    public bool? Flag(string name) => Node(name) is not { } node ? null : AsFlag(node) ?? Wrong<bool?>(name, "Must be true or false.");

    public int? Integer(string name) => Text(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : Wrong<int?>(name, "Must be a whole number.");

    public double? Number(string name) => Text(name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number
        : Wrong<double?>(name, "Must be a number.");

    /// <summary>One of the words of an enum, as the API writes them, or with underscores.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum =>
        Text(name) is not { } text ? null
        : Enum.GetNames<T>().FirstOrDefault(word => word.Equals(text.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase)) is { } found ? Enum.Parse<T>(found)
        : Wrong<T?>(name, $"Must be one of {string.Join(", ", Enum.GetNames<T>().Select(word => word.ToLowerInvariant()))}.");

    public IReadOnlyList<(string Text, int Line)> Texts(string name) => Node(name) is { } node ? ItemsOf(name, node) : [];

    public YamlFields? Object(string name) => Node(name) switch
    {
        null => null,
        YamlMappingNode mapping => Inner(name, mapping),
        _ => Wrong<YamlFields>(name, "Must have fields of its own."),
    };

    public IReadOnlyList<YamlFields> Objects(string name)
    {
        if (Node(name) is not { } node)
        {
            return [];
        }

        if (node is not YamlSequenceNode { Children.Count: <= MaxItems } list || list.Children.Any(item => item is not YamlMappingNode))
        {
            _faults.Add(LineOf(name), $"{_prefix}{name}: Must be a list of at most {MaxItems} items with fields of their own.");
            return [];
        }

        return [.. list.Children.Cast<YamlMappingNode>().Index().Select(item => Inner($"{name}[{item.Index}]", item.Item))];
    }

    /// <summary>The items of a list of texts.</summary>
    public IReadOnlyList<(string Text, int Line)> ItemsOf(string name, YamlNode node)
    {
        if (node is not YamlSequenceNode { Children.Count: <= MaxItems } list || list.Children.Any(item => item is not YamlScalarNode))
        {
            _faults.Add(LineOf(name), $"{_prefix}{name}: Must be a list of at most {MaxItems} texts.");
            return [];
        }

        return [.. list.Children.Cast<YamlScalarNode>().Select(item => (_expand(item.Value ?? "", LineOf(item)), LineOf(item)))];
    }

    public static bool? AsFlag(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } && bool.TryParse(text, out var flag) ? flag : null;

    public static int LineOf(YamlNode node) => (int)Math.Max(1, node.Start.Line);

    public void Fault(string name, string message) => _faults.Add(LineOf(name), $"{_prefix}{name}: {message}");

    /// <summary>Names each field that was not asked for, and what there is.</summary>
    public void RejectOthers()
    {
        foreach (var (name, (_, line)) in _nodes.Where(node => !_known.Contains(node.Key)))
        {
            var hint = SettingNames.Closest(name, _known) is { } meant ? $"Did you mean {meant}?" : $"Known are {string.Join(", ", _known.Order(StringComparer.Ordinal))}.";
            _faults.Add(line, $"{_prefix}{(name.Length > 64 ? name[..64] : name)}: There is no such field. {hint}");
        }
    }

    private YamlFields Inner(string name, YamlMappingNode mapping) => new(mapping, _faults, _expand, $"{_prefix}{name}.");

    private T? Wrong<T>(string name, string message)
    {
        Fault(name, message);
        return default;
    }
}
